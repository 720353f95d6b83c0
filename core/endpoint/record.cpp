#include "endpoint/record.hpp"

#include <array>
#include <boost/json.hpp>
#include <utility>

#include "terway/error.hpp"

namespace terway::endpoint {
namespace {

namespace json = boost::json;

constexpr std::int64_t kVersion = 1;
constexpr std::array kStates = {EndpointState::Adding, EndpointState::Ready,
                                EndpointState::Deleting};
constexpr std::array kSources = {pool::Source::PodCidr, pool::Source::Eni,
                                 pool::Source::ExclusiveEni};
constexpr std::array kRoles = {ModuleRole::Dataplane, ModuleRole::Qos, ModuleRole::Policy};

std::string to_hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char each : bytes) {
        const auto byte = static_cast<unsigned char>(each);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 0xfU];
    }
    return out;
}

int digit_of(char hex) {
    if (hex >= '0' && hex <= '9') {
        return hex - '0';
    }
    return hex >= 'a' && hex <= 'f' ? hex - 'a' + 10 : -1;
}

std::optional<std::string> from_hex(std::string_view hex) {
    std::string out;
    if (hex.size() % 2 != 0) {
        return std::nullopt;
    }
    out.reserve(hex.size() / 2);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int high = digit_of(hex[i]);
        const int low = digit_of(hex[i + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

template <class T, std::size_t Size>
std::optional<T> by_name(const std::array<T, Size>& all, std::string_view name) {
    for (const auto each : all) {
        if (name_of(each) == name) {
            return each;
        }
    }
    return std::nullopt;
}

json::array texts(const std::vector<Prefix>& prefixes, const json::storage_ptr& memory) {
    json::array out(memory);
    for (const auto& prefix : prefixes) {
        out.emplace_back(prefix.text());
    }
    return out;
}

// Reads the members of one object; `path` is what an error calls it.
class Members {
public:
    Members(const json::value& value, std::string path)
        : path_(std::move(path)), object_(value.if_object()) {
        if (object_ == nullptr) {
            throw Error(Status::Invalid, path_ + ": not a JSON object");
        }
    }

    [[nodiscard]] bool has(std::string_view name) const { return object_->contains(name); }

    [[nodiscard]] const json::value& at(std::string_view name) const {
        const auto* found = object_->if_contains(name);
        if (found == nullptr) {
            complain(name, "is missing");
        }
        return *found;
    }

    [[nodiscard]] Members object(std::string_view name) const {
        return {at(name), path_ + ": " + std::string(name)};
    }

    [[nodiscard]] const json::array& array(std::string_view name) const {
        const auto* found = at(name).if_array();
        if (found == nullptr) {
            complain(name, "is not an array");
        }
        return *found;
    }

    [[nodiscard]] std::string text(std::string_view name) const {
        const auto* found = at(name).if_string();
        if (found == nullptr) {
            complain(name, "is not a string");
        }
        return {found->data(), found->size()};
    }

    // For members that records of earlier versions lack.
    [[nodiscard]] std::string text_or_nothing(std::string_view name) const {
        return has(name) ? text(name) : std::string();
    }

    template <class T>
    [[nodiscard]] T number(std::string_view name) const {
        const auto& value = at(name);
        boost::system::error_code error;
        const auto number = value.to_number<T>(error);
        if (value.is_double() || error) {
            complain(name, "is not an integer in range");
        }
        return number;
    }

    // What `parse` makes of a string; `noun` is what an error calls that.
    template <class Parse>
    [[nodiscard]] auto parsed(std::string_view name, std::string_view noun, Parse parse) const {
        auto value = parse(text(name));
        if (!value) {
            complain(name, "is not " + std::string(noun));
        }
        return *std::move(value);
    }

    [[nodiscard]] std::vector<Prefix> prefixes(std::string_view name) const {
        std::vector<Prefix> out;
        for (const auto& each : array(name)) {
            const auto* text = each.if_string();
            const auto prefix = text == nullptr ? std::nullopt : Prefix::parse(*text);
            if (!prefix) {
                complain(name, "holds something other than prefixes");
            }
            out.push_back(*prefix);
        }
        return out;
    }

private:
    [[noreturn]] void complain(std::string_view name, const std::string& reason) const {
        throw Error(Status::Invalid, path_ + ": " + std::string(name) + " " + reason);
    }

    std::string path_;
    const json::object* object_;
};

json::object write(const EndpointSpec& spec, const json::storage_ptr& memory) {
    return json::object({{"container_id", spec.key.container_id},
                         {"ifname", spec.key.ifname},
                         {"network", spec.network},
                         {"netns", spec.netns},
                         {"pod_namespace", spec.pod_namespace},
                         {"pod_name", spec.pod_name},
                         {"pod_uid", spec.pod_uid},
                         {"source", name_of(spec.source)},
                         {"addresses", texts(spec.addresses, memory)},
                         {"gateways", texts(spec.gateways, memory)},
                         {"eni", spec.eni},
                         {"eni_ifindex", spec.eni_ifindex},
                         {"eni_mac", spec.eni_mac.text()},
                         {"subnets", texts(spec.subnets, memory)},
                         {"sticky", spec.sticky},
                         {"mtu", spec.mtu},
                         {"ingress_bps", spec.ingress_bps},
                         {"egress_bps", spec.egress_bps},
                         {"ingress_burst", spec.ingress_burst},
                         {"egress_burst", spec.egress_burst},
                         {"annotated_ingress_bps", spec.annotated.ingress},
                         {"annotated_egress_bps", spec.annotated.egress},
                         {"priority", name_of(spec.priority)},
                         {"host_ifname", spec.host_ifname}},
                        memory);
}

// Records of earlier versions knew two sources, and the second by its ENI.
pool::Source read_source(const Members& members) {
    if (members.has("source")) {
        return members.parsed("source", "a source of addresses",
                              [](std::string_view name) { return by_name(kSources, name); });
    }
    return members.text_or_nothing("eni").empty() ? pool::Source::PodCidr : pool::Source::Eni;
}

// For members that records of earlier versions lack.
std::uint64_t number_or(const Members& members, const char* name, std::uint64_t otherwise) {
    return members.has(name) ? members.number<std::uint64_t>(name) : otherwise;
}

// What an earlier version limited was what annotations said.
Rates read_annotated(const Members& members) {
    return {
        number_or(members, "annotated_ingress_bps", members.number<std::uint64_t>("ingress_bps")),
        number_or(members, "annotated_egress_bps", members.number<std::uint64_t>("egress_bps"))};
}

EndpointSpec read_spec(const Members& members) {
    return {{members.text("container_id"), members.text("ifname")},
            members.text("network"),
            members.text("netns"),
            members.text("pod_namespace"),
            members.text("pod_name"),
            members.text("pod_uid"),
            read_source(members),
            members.prefixes("addresses"),
            members.prefixes("gateways"),
            members.text_or_nothing("eni"),
            members.number<std::uint32_t>("eni_ifindex"),
            members.has("eni_mac") ? members.parsed("eni_mac", "a MAC address", Mac::parse) : Mac{},
            members.has("subnets") ? members.prefixes("subnets") : std::vector<Prefix>{},
            members.text_or_nothing("sticky"),
            members.number<std::uint32_t>("mtu"),
            members.number<std::uint64_t>("ingress_bps"),
            members.number<std::uint64_t>("egress_bps"),
            number_or(members, "ingress_burst", 0),
            number_or(members, "egress_burst", 0),
            read_annotated(members),
            members.has("priority") ? members.parsed("priority", "a priority", priority_by_name)
                                    : Priority::None,
            members.text("host_ifname")};
}

json::object write(const Attachment& attachment, const json::storage_ptr& memory) {
    return json::object({{"host_ifindex", attachment.host_ifindex},
                         {"pod_ifindex", attachment.pod_ifindex},
                         {"side_ifindex", attachment.side_ifindex},
                         {"mtu", attachment.mtu},
                         {"pod_mac", attachment.pod_mac.text()},
                         {"host_mac", attachment.host_mac.text()},
                         {"host_ifname", attachment.host_ifname},
                         {"gateways", texts(attachment.gateways, memory)}},
                        memory);
}

Attachment read_attachment(const Members& members) {
    return {members.number<std::uint32_t>("host_ifindex"),
            members.number<std::uint32_t>("pod_ifindex"),
            members.has("side_ifindex") ? members.number<std::uint32_t>("side_ifindex") : 0,
            members.number<std::uint32_t>("mtu"),
            members.parsed("pod_mac", "a MAC address", Mac::parse),
            members.parsed("host_mac", "a MAC address", Mac::parse),
            members.text("host_ifname"),
            members.prefixes("gateways")};
}

json::object write(const ModulePin& pin, const json::storage_ptr& memory) {
    return json::object({{"role", name_of(pin.role)},
                         {"id", pin.id},
                         {"version", pin.version},
                         {"state", to_hex(pin.state)}},
                        memory);
}

ModulePin read_pin(const Members& members) {
    return {members.parsed("role", "a role of a module",
                           [](std::string_view name) { return by_name(kRoles, name); }),
            members.text("id"), members.text("version"),
            members.parsed("state", "a string of hex digits", from_hex)};
}

}  // namespace

std::string EndpointKey::text() const {
    return container_id.substr(0, 12) + "/" + ifname;
}

std::string EndpointKey::full_text() const {
    return container_id + "/" + ifname;
}

std::string_view name_of(EndpointState state) {
    switch (state) {
        case EndpointState::Adding:
            return "adding";
        case EndpointState::Ready:
            return "ready";
        case EndpointState::Deleting:
            return "deleting";
    }
    return "unknown";
}

std::string_view name_of(ModuleRole role) {
    switch (role) {
        case ModuleRole::Dataplane:
            return "dataplane";
        case ModuleRole::Qos:
            return "qos";
        case ModuleRole::Policy:
            return "policy";
    }
    return "unknown";
}

std::string_view name_of(pool::Source source) {
    switch (source) {
        case pool::Source::PodCidr:
            return "pod-cidr";
        case pool::Source::Eni:
            return "eni";
        case pool::Source::ExclusiveEni:
            return "exclusive-eni";
    }
    return "unknown";
}

std::string to_json(const EndpointRecord& record) {
    std::array<unsigned char, 8192> buffer;
    json::monotonic_resource arena(buffer.data(), buffer.size());
    const json::storage_ptr memory(&arena);
    json::object out(memory);
    out["version"] = kVersion;
    out["state"] = name_of(record.state);
    out["created_ms"] = record.created.time_since_epoch().count();
    out["traceparent"] = record.traceparent;
    out["spec"] = write(record.spec, memory);
    auto& chain = out["chain"].emplace_array();
    for (const auto& pin : record.chain) {
        chain.emplace_back(write(pin, memory));
    }
    if (record.attachment) {
        out["attachment"] = write(*record.attachment, memory);
    }
    out["result"] = record.result;
    return json::serialize(out);
}

EndpointRecord record_from_json(std::string_view text, std::string_view name) {
    const std::string path(name);
    std::array<unsigned char, 8192> buffer;
    json::monotonic_resource arena(buffer.data(), buffer.size());
    json::parse_options options;
    options.allow_invalid_utf8 = true;  // what to_json wrote of a string is not always valid
    boost::system::error_code error;
    const auto value = json::parse(text, error, &arena, options);
    if (error) {
        throw Error(Status::Invalid, path + ": not JSON: " + error.message());
    }
    const Members members(value, path);
    if (const auto version = members.number<std::int64_t>("version"); version > kVersion) {
        throw Error(Status::Unsupported,
                    path + ": written by a later terwayd (version " + std::to_string(version) +
                        " of the record, this one reads up to " + std::to_string(kVersion) + ")");
    }
    EndpointRecord record;
    record.spec = read_spec(members.object("spec"));
    record.state = members.parsed("state", "a state of an endpoint",
                                  [](std::string_view state) { return by_name(kStates, state); });
    for (const auto& pin : members.array("chain")) {
        record.chain.push_back(read_pin(Members(pin, path + ": chain")));
    }
    if (members.has("attachment")) {
        record.attachment = read_attachment(members.object("attachment"));
    }
    record.result = members.text("result");
    record.created =
        WallTime(std::chrono::milliseconds(members.number<std::int64_t>("created_ms")));
    record.traceparent = members.text("traceparent");
    return record;
}

}  // namespace terway::endpoint
