#include "plan.hpp"

#include <algorithm>
#include <sstream>

#include "terway/error.hpp"

namespace terway::bandwidth_tc {
namespace {

constexpr std::size_t kDigits = 11;  // of a host ifname, behind its prefix
constexpr const char* kOwner = "terway ";
constexpr const char* kHooked = " clsact";

std::string ifb_name(const sdk::EndpointView& endpoint, char direction) {
    const std::string name(endpoint.host_ifname());
    if (name.empty()) {
        throw Error(Status::Invalid, "the endpoint has no host ifname");
    }
    return "ifb" + (name.size() > kDigits ? name.substr(name.size() - kDigits) : name) + direction;
}

}  // namespace

Plan plan(const sdk::EndpointView& endpoint, const twy_attachment& made, Means means) {
    const auto& raw = endpoint.raw();
    const auto names = ifb_names(endpoint);
    Plan plan;
    plan.ingress.shape = shape_of({raw.ingress_bps, raw.ingress_burst}, made.mtu, means);
    plan.egress.shape = shape_of({raw.egress_bps, raw.egress_burst}, made.mtu, means);
    plan.egress.ifb = names.egress;
    if (made.host_ifindex != 0) {
        plan.ingress.links = plan.egress.links = {made.host_ifindex};
        return plan;
    }
    plan.ingress.place = plan.egress.place = Place::Pod;
    plan.ingress.links = {made.pod_ifindex};
    plan.ingress.ifb = names.ingress;
    if (made.side_ifindex != 0) {
        plan.ingress.links.push_back(made.side_ifindex);
        plan.egress.hook = netlink::Hook::Egress;
    } else {
        plan.egress.ifb.clear();
    }
    plan.egress.links = plan.ingress.links;
    return plan;
}

IfbNames ifb_names(const sdk::EndpointView& endpoint) {
    return {ifb_name(endpoint, 'i'), ifb_name(endpoint, 'e')};
}

bool Alias::has(std::uint32_t link) const {
    return std::find(hooked.begin(), hooked.end(), link) != hooked.end();
}

std::string Alias::text() const {
    std::string made = kOwner + endpoint + kHooked;
    for (const auto link : hooked) {
        made += " " + std::to_string(link);
    }
    return made;
}

Alias Alias::parse(const std::string& text) {
    Alias alias;
    const auto at = text.rfind(kHooked);
    if (!text.starts_with(kOwner) || at == std::string::npos) {
        return alias;
    }
    const auto begin = std::string(kOwner).size();
    alias.endpoint = text.substr(begin, at - begin);
    std::istringstream numbers(text.substr(at + std::string(kHooked).size()));
    for (std::uint32_t link = 0; numbers >> link;) {
        alias.hooked.push_back(link);
    }
    return alias;
}

std::string endpoint_name(const sdk::EndpointView& endpoint) {
    return std::string(endpoint.container_id()) + "/" + std::string(endpoint.ifname());
}

}  // namespace terway::bandwidth_tc
