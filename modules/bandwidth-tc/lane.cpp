#include "lane.hpp"

#include "detour.hpp"
#include "netlink/difference.hpp"
#include "netlink/link.hpp"
#include "shaper.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Link;
using netlink::Socket;

constexpr const char* kOwner = "terway ";  // opens the alias of a dataplane's link

void clear_lane(Socket& socket, const Lane& lane, const std::string& endpoint) {
    if (lane.ifb.empty()) {
        (void)remove_shaper(socket, lane.links.front());
        return;
    }
    const auto ifb = find_ifb(socket, lane.ifb, endpoint);
    for (const auto link : lane.links) {
        leave_detour(socket, link, ifb);
    }
    if (ifb) {
        (void)netlink::remove_link(socket, ifb->index);
    }
}

// A name of the pod's, not of its sandbox, may be that of a newer one by now.
bool of_another(const Link& link, const std::string& endpoint) {
    return link.alias.starts_with(kOwner) && link.alias != kOwner + endpoint;
}

}  // namespace

void ensure_lane(Socket& socket, const Lane& lane, const std::string& endpoint,
                 const std::function<void()>& make_room) {
    if (!lane.shape) {
        clear_lane(socket, lane, endpoint);
    } else if (lane.ifb.empty()) {
        ensure_shaper(socket, *lane.shape, lane.links.front());
    } else {
        ensure_detour(socket, lane, endpoint, make_room);
    }
}

void check_lane(Socket& socket, const Lane& lane, const std::string& endpoint) {
    const auto link = std::to_string(lane.links.front());
    if (lane.shape && lane.ifb.empty()) {
        check_shaper(socket, *lane.shape, lane.links.front(), link);
    } else if (lane.shape) {
        check_detour(socket, lane, endpoint);
    } else if (lane.ifb.empty()) {
        if (has_shaper(socket, lane.links.front())) {
            netlink::differs("link " + link + " has a limit nobody asked for");
        }
    } else if (find_ifb(socket, lane.ifb, endpoint)) {
        netlink::differs("link " + lane.ifb + " of a limit nobody asked for exists");
    }
}

std::optional<netlink::Qdisc> observe_lane(Socket& socket, const Lane& lane,
                                           const std::string& endpoint) {
    if (!lane.shape) {
        return std::nullopt;
    }
    auto link = lane.links.front();
    if (!lane.ifb.empty()) {
        const auto ifb = find_ifb(socket, lane.ifb, endpoint);
        if (!ifb) {
            return std::nullopt;
        }
        link = ifb->index;
    }
    auto found = netlink::find_qdisc(socket, link, netlink::kRoot);
    return found && is_ours(found->handle) ? found : std::nullopt;
}

void clear_host(Socket& host, const sdk::EndpointView& endpoint,
                const std::function<void(std::uint32_t)>& retire) {
    const auto name = endpoint_name(endpoint);
    const auto ifb = find_ifb(host, ifb_names(endpoint).egress, name);
    const auto link = netlink::find_link(host, std::string(endpoint.host_ifname()));
    if (link && !of_another(*link, name)) {
        (void)remove_shaper(host, link->index);
        leave_detour(host, link->index, ifb);
    }
    if (ifb) {
        retire(ifb->index);
    }
}

void clear_pod(Socket& pod, const sdk::EndpointView& endpoint) {
    const auto name = endpoint_name(endpoint);
    const auto names = ifb_names(endpoint);
    const auto in = find_ifb(pod, names.ingress, name);
    const auto out = find_ifb(pod, names.egress, name);
    for (const auto& link : netlink::links(pod)) {
        const bool own = link.name == endpoint.ifname();
        if (own) {
            (void)remove_shaper(pod, link.index);
        }
        if (own || in || out) {
            leave_detour(pod, link.index, in);
            leave_detour(pod, link.index, out);
        }
    }
    for (const auto& ifb : {in, out}) {
        if (ifb) {
            (void)netlink::remove_link(pod, ifb->index);
        }
    }
}

}  // namespace terway::bandwidth_tc
