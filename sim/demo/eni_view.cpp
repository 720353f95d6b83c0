#include "sim/demo/eni_view.hpp"

#include <boost/json.hpp>

#include "sim/demo/stage.hpp"

namespace terway::sim::demo {
namespace {

namespace json = boost::json;

std::string text_at(const json::value& value, const char* key) {
    return std::string(value.at(key).as_string());
}

std::string plural(std::size_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void compare(const std::string& id, const PooledEni& pooled, const std::set<IpAddress>& real) {
    if (pooled.state != "ready") {
        refute(id + " is " + pooled.state);
    }
    for (const auto& [address, state] : pooled.addresses) {
        if (!real.contains(address)) {
            refute("the pool has " + address.text() + " (" + state + "), the cloud has not");
        }
    }
    for (const auto& address : real) {
        if (!pooled.addresses.contains(address)) {
            refute("the cloud has " + address.text() + " on " + id + ", the pool has not");
        }
    }
}

}  // namespace

PoolView PoolView::of(const Node& node) {
    const auto answer = node.ctl("pool");
    PoolView view;
    view.used = answer.at("used").to_number<std::uint64_t>();
    view.idle = answer.at("idle").to_number<std::uint64_t>();
    view.capacity = answer.at("capacity").to_number<std::uint64_t>();
    view.waiting = answer.at("waiting").as_array().size();
    if (const auto& whole = answer.at("exclusive_enis"); !whole.is_null()) {
        view.warm = whole.at("warm").to_number<std::uint64_t>();
    }
    for (const auto& each : answer.at("enis").as_array()) {
        const auto id = text_at(each, "id");
        if (id.empty()) {
            continue;
        }
        auto& eni = view.enis[id];
        eni.state = text_at(each, "state");
        eni.mac = text_at(each, "mac");
        eni.ifindex = each.at("ifindex").to_number<std::uint32_t>();
        for (const auto& address : each.at("addresses").as_array()) {
            eni.addresses[ip(text_at(address, "address").c_str())] = text_at(address, "state");
        }
    }
    return view;
}

std::size_t PoolView::count(const std::string& state) const {
    std::size_t found = 0;
    for (const auto& [id, eni] : enis) {
        for (const auto& [address, its_state] : eni.addresses) {
            found += its_state == state ? 1 : 0;
        }
    }
    return found;
}

std::string PoolView::text() const {
    return plural(enis.size(), "ENI") + ", " + plural(used, "pod") + ", " + std::to_string(idle) +
           " idle";
}

std::size_t Calls::of(const std::string& action) const {
    const auto found = by_action.find(action);
    return found == by_action.end() ? 0 : found->second;
}

std::string Calls::text() const {
    std::string out;
    for (const auto& [action, count] : by_action) {
        if (is_mutating(action)) {
            out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + action;
        }
    }
    return out.empty() ? "none" : out;
}

std::size_t CloudView::mark() const {
    return server_.with([](Cloud& cloud) { return cloud.calls().entries().size(); });
}

Calls CloudView::since(std::size_t mark) const {
    const auto key = access_key();
    return server_.with([&](Cloud& cloud) {
        Calls calls;
        const auto& entries = cloud.calls().entries();
        for (auto at = mark; at < entries.size(); ++at) {
            const auto& entry = entries[at];
            if (entry.caller == key) {
                ++calls.by_action[entry.action];
                ++calls.total;
                const bool well = entry.outcome == "OK";
                calls.carried_out += well && entry.mutating ? 1 : 0;
                calls.failed += well ? 0 : 1;
            }
        }
        return calls;
    });
}

std::string CloudView::access_key() const {
    return server_.with([this](Cloud& cloud) {
        return cloud.keys()
            .instance_session(cloud.keys().role_of(instance_), instance_,
                              cloud.settings().role_session, wall_now(), cloud.dice())
            .id;
    });
}

std::map<std::string, std::set<IpAddress>> CloudView::enis() const {
    return server_.with([this](Cloud& cloud) {
        std::map<std::string, std::set<IpAddress>> all;
        for (const auto& [id, view] : cloud.enis().now()) {
            const auto tag = view->record.tags.find("terway.instance");
            if (tag != view->record.tags.end() && tag->second == instance_) {
                const auto addresses = view->eni.addresses();
                all[id] = {addresses.begin(), addresses.end()};
            }
        }
        return all;
    });
}

std::string agreement(const Node& node, const CloudView& cloud) {
    const auto real = cloud.enis();
    const auto pool = PoolView::of(node);
    std::size_t addresses = 0;
    for (const auto& [id, eni] : pool.enis) {
        const auto found = real.find(id);
        if (found == real.end()) {
            refute("the pool has " + id + ", the cloud has not");
        }
        compare(id, eni, found->second);
        addresses += eni.addresses.size();
    }
    for (const auto& [id, its_addresses] : real) {
        if (!pool.enis.contains(id)) {
            refute(id + " is at the cloud and not in the pool");
        }
    }
    const auto mapping = node.ask("mapping");
    if (mapping.exit != 0) {
        refute("mapping: " + mapping.out + mapping.err);
    }
    return plural(real.size(), "ENI") + " and " + std::to_string(addresses) +
           " addresses in both, mapping clean";
}

}  // namespace terway::sim::demo
