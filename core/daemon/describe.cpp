#include "daemon/describe.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace terway::daemon {
namespace {

namespace json = boost::json;

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

json::object describe(const pool::EniPicture& eni) {
    json::array addresses;
    for (const auto& each : eni.addresses) {
        addresses.push_back(json::object{
            {"address", each.address.text()}, {"state", each.state}, {"owner", each.owner}});
    }
    return {{"id", eni.place.id},
            {"mac", eni.place.mac.text()},
            {"ifindex", eni.place.ifindex},
            {"vswitch", eni.vswitch},
            {"subnets", texts(eni.place.subnets)},
            {"gateways", texts(eni.place.gateways)},
            {"state", eni.state},
            {"reason", eni.reason},
            {"exclusive", eni.exclusive},
            {"prefixes", texts(eni.prefixes)},
            {"addresses", addresses}};
}

json::value describe(const std::optional<pool::DeviceCount>& count) {
    if (!count) {
        return nullptr;
    }
    return json::object{
        {"capacity", count->capacity}, {"allocated", count->allocated}, {"warm", count->warm}};
}

}  // namespace

json::object describe(const endpoint::EndpointRecord& record) {
    json::array chain;
    for (const auto& pin : record.chain) {
        chain.push_back(json::object{
            {"role", endpoint::name_of(pin.role)}, {"id", pin.id}, {"version", pin.version}});
    }
    const auto attachment = record.attachment.value_or(endpoint::Attachment{});
    return {{"container_id", record.key().container_id},
            {"ifname", record.key().ifname},
            {"state", endpoint::name_of(record.state)},
            {"network", record.spec.network},
            {"netns", record.spec.netns},
            {"pod_namespace", record.spec.pod_namespace},
            {"pod_name", record.spec.pod_name},
            {"pod_uid", record.spec.pod_uid},
            {"sticky", record.spec.sticky},
            {"ingress_bps", record.spec.ingress_bps},
            {"egress_bps", record.spec.egress_bps},
            {"ingress_burst", record.spec.ingress_burst},
            {"egress_burst", record.spec.egress_burst},
            {"priority", endpoint::name_of(record.spec.priority)},
            {"addresses", texts(record.spec.addresses)},
            {"source", endpoint::name_of(record.spec.source)},
            {"eni", record.spec.eni},
            {"host_ifname", record.spec.host_ifname},
            {"mac", attachment.pod_mac.text()},
            {"mtu", attachment.mtu},
            {"created_ms", record.created.time_since_epoch().count()},
            {"chain", chain}};
}

json::array describe(const std::vector<Fallback>& fallbacks) {
    json::array all;
    for (const auto& each : fallbacks) {
        all.push_back(json::object{{"from", each.from}, {"to", each.to}, {"reason", each.reason}});
    }
    return all;
}

json::object describe(const pool::PoolPicture& picture) {
    json::array cidrs;
    for (const auto& cidr : picture.cidrs) {
        cidrs.push_back(json::object{{"cidr", cidr.cidr.text()},
                                     {"total", cidr.total},
                                     {"used", cidr.used},
                                     {"cooling", cidr.cooling},
                                     {"free", cidr.free}});
    }
    json::array enis;
    for (const auto& eni : picture.enis) {
        enis.push_back(describe(eni));
    }
    return {{"cidrs", cidrs},
            {"used_outside", picture.used_outside},
            {"enis", enis},
            {"exclusive_enis", describe(picture.exclusive_enis)},
            {"capacity", picture.capacity},
            {"used", picture.used},
            {"idle", picture.idle},
            {"waiting", strings(picture.waiting)},
            {"troubles", strings(picture.troubles)}};
}

json::object describe(const std::vector<MappingRow>& rows, const std::string& trouble) {
    json::array all;
    for (const auto& row : rows) {
        all.push_back(json::object{{"pod", row.pod},
                                   {"endpoint", row.endpoint},
                                   {"address", row.address.text()},
                                   {"eni", row.eni},
                                   {"pool", row.pool},
                                   {"kernel", row.kernel},
                                   {"cloud", row.cloud},
                                   {"ok", row.ok()}});
    }
    const bool ok =
        std::all_of(rows.begin(), rows.end(), [](const MappingRow& row) { return row.ok(); });
    return {{"rows", all}, {"ok", ok && trouble.empty()}, {"trouble", trouble}};
}

json::array describe(const std::map<std::string, cloud::ActionLog>& calls) {
    json::array all;
    for (const auto& [action, log] : calls) {
        json::object outcomes;
        std::uint64_t failed = 0;
        for (const auto& [code, count] : log.outcomes) {
            outcomes[code] = count;
            failed += code == "ok" ? 0 : count;
        }
        const double mean = log.calls == 0 ? 0 : log.seconds / static_cast<double>(log.calls);
        all.push_back(
            json::object{{"action", action},
                         {"calls", log.calls},
                         {"failed", failed},
                         {"mean_s", mean},
                         {"outcomes", outcomes},
                         {"last_error", log.last_error},
                         {"last_error_ms", log.last_error_at.time_since_epoch().count()}});
    }
    return all;
}

json::object describe(const routes::State& state) {
    json::array routes;
    bool ok = state.trouble.empty();
    for (const auto& route : state.routes) {
        ok = ok && route.in_place;
        routes.push_back(json::object{{"cidr", route.cidr.text()},
                                      {"in_place", route.in_place},
                                      {"conflict", route.conflict},
                                      {"text", route.text}});
    }
    return {{"table", state.table},
            {"routes", routes},
            {"stale", state.stale},
            {"trouble", state.trouble},
            {"ok", ok}};
}

}  // namespace terway::daemon
