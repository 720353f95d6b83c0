#include "daemon/pool_journal.hpp"

#include <boost/json.hpp>
#include <optional>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;

// Kinds of notes; those of ENIs for one endpoint alone after the others'.
constexpr const char* kCalls[] = {"pending-call", "exclusive-pending-call"};
constexpr const char* kEnis[] = {"eni", "exclusive-eni"};

template <class Item>
json::array texts(const std::vector<Item>& items) {
    json::array all;
    for (const auto& item : items) {
        all.emplace_back(item.text());
    }
    return all;
}

json::array strings(const std::vector<std::string>& items) {
    json::array all;
    for (const auto& item : items) {
        all.emplace_back(item);
    }
    return all;
}

std::string text_of(const json::value& value) {
    const auto& text = value.as_string();
    return {text.data(), text.size()};
}

template <class Item>
Item parsed(const json::value& value) {
    const auto text = text_of(value);
    const auto item = Item::parse(text);
    if (!item) {
        throw Error(Status::Invalid, "\"" + text + "\" cannot be read");
    }
    return *item;
}

template <class Item>
std::vector<Item> items(const json::value& value) {
    std::vector<Item> all;
    for (const auto& item : value.as_array()) {
        all.push_back(parsed<Item>(item));
    }
    return all;
}

json::object write(const cloud::AddressWish& wish) {
    return {{"ipv4", wish.ipv4},
            {"ipv6", wish.ipv6},
            {"ipv4_prefixes", wish.ipv4_prefixes},
            {"ipv6_prefixes", wish.ipv6_prefixes}};
}

cloud::AddressWish read_wish(const json::value& value) {
    const auto number = [&](const char* name) { return value.at(name).to_number<std::uint32_t>(); };
    return {number("ipv4"), number("ipv6"), number("ipv4_prefixes"), number("ipv6_prefixes")};
}

json::object write(const cloud::AddressSet& set) {
    return {{"ipv4", texts(set.ipv4)},
            {"ipv6", texts(set.ipv6)},
            {"ipv4_prefixes", texts(set.ipv4_prefixes)},
            {"ipv6_prefixes", texts(set.ipv6_prefixes)}};
}

cloud::AddressSet read_set(const json::value& value) {
    return {items<IpAddress>(value.at("ipv4")), items<IpAddress>(value.at("ipv6")),
            items<Prefix>(value.at("ipv4_prefixes")), items<Prefix>(value.at("ipv6_prefixes"))};
}

json::object write(const cloud::NewEni& eni) {
    json::object tags;
    for (const auto& [name, value] : eni.tags) {
        tags[name] = value;
    }
    return {{"vswitch", eni.vswitch},
            {"security_groups", strings(eni.security_groups)},
            {"resource_group", eni.resource_group},
            {"name", eni.name},
            {"description", eni.description},
            {"tags", tags},
            {"addresses", write(eni.addresses)}};
}

cloud::NewEni read_new_eni(const json::value& value) {
    cloud::NewEni eni;
    eni.vswitch = text_of(value.at("vswitch"));
    for (const auto& group : value.at("security_groups").as_array()) {
        eni.security_groups.push_back(text_of(group));
    }
    eni.resource_group = text_of(value.at("resource_group"));
    eni.name = text_of(value.at("name"));
    eni.description = text_of(value.at("description"));
    for (const auto& [name, tag] : value.at("tags").as_object()) {
        eni.tags[std::string(name)] = text_of(tag);
    }
    eni.addresses = read_wish(value.at("addresses"));
    return eni;
}

json::object write(const pool::PendingCall& call) {
    json::object out{{"eni", call.eni},
                     {"wish", write(call.wish)},
                     {"begun_ms", call.begun.time_since_epoch().count()}};
    if (call.create) {
        out["create"] = write(*call.create);
    }
    return out;
}

pool::PendingCall read_call(const std::string& token, const json::value& value) {
    pool::PendingCall call;
    call.token = token;
    if (const auto* create = value.as_object().if_contains("create")) {
        call.create = read_new_eni(*create);
    }
    call.eni = text_of(value.at("eni"));
    call.wish = read_wish(value.at("wish"));
    call.begun =
        WallTime(std::chrono::milliseconds(value.at("begun_ms").to_number<std::int64_t>()));
    return call;
}

json::object write(const pool::EniRecord& eni) {
    return {{"mac", eni.place.mac.text()},
            {"ifindex", eni.place.ifindex},
            {"subnets", texts(eni.place.subnets)},
            {"gateways", texts(eni.place.gateways)},
            {"vswitch", eni.vswitch},
            {"primary", eni.primary.text()},
            {"addresses", write(eni.addresses)}};
}

pool::EniRecord read_eni(const std::string& id, const json::value& value) {
    pool::EniRecord eni;
    eni.place = {id, parsed<Mac>(value.at("mac")), value.at("ifindex").to_number<std::uint32_t>(),
                 items<Prefix>(value.at("subnets")), items<IpAddress>(value.at("gateways"))};
    eni.vswitch = text_of(value.at("vswitch"));
    eni.primary = parsed<IpAddress>(value.at("primary"));
    eni.addresses = read_set(value.at("addresses"));
    return eni;
}

// `read(name, value)` makes an item of a note.
template <class Item, class Read>
std::vector<Item> read_notes(store::Store& store, const char* kind, const Read& read) {
    std::vector<Item> all;
    for (const auto& note : store.notes(kind)) {
        try {
            all.push_back(read(note.name, json::parse(note.body)));
        } catch (const std::exception& error) {
            log::error("a note of the pool cannot be read and is passed over",
                       {{"kind", kind}, {"name", note.name}, {"reason", error.what()}});
        }
    }
    return all;
}

}  // namespace

PoolJournal::PoolJournal(store::Store& store, bool exclusive)
    : store_(store), call_(kCalls[exclusive ? 1 : 0]), eni_(kEnis[exclusive ? 1 : 0]) {}

void PoolJournal::begin(const pool::PendingCall& call) {
    store_.put_note(call_, call.token, json::serialize(write(call)));
}

void PoolJournal::finish(const std::string& token) {
    store_.erase_note(call_, token);
}

std::vector<pool::PendingCall> PoolJournal::pending() {
    return read_notes<pool::PendingCall>(store_, call_, read_call);
}

void PoolJournal::keep(const pool::EniRecord& eni) {
    store_.put_note(eni_, eni.place.id, json::serialize(write(eni)));
}

void PoolJournal::drop(const std::string& eni) {
    store_.erase_note(eni_, eni);
}

std::vector<pool::EniRecord> PoolJournal::enis() {
    return read_notes<pool::EniRecord>(store_, eni_, read_eni);
}

}  // namespace terway::daemon
