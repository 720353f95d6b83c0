#include "lane.hpp"

#include <utility>
#include <vector>

#include "detour.hpp"
#include "netlink/difference.hpp"
#include "netlink/link.hpp"
#include "shaper.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Link;
using netlink::Socket;

constexpr const char* kOwner = "terway ";  // opens the alias of a dataplane's link

std::vector<Link> find_ifbs(Socket& socket, const std::vector<std::string>& names,
                            const std::string& endpoint) {
    std::vector<Link> all;
    for (const auto& name : names) {
        if (auto ifb = find_ifb(socket, name, endpoint)) {
            all.push_back(*std::move(ifb));
        }
    }
    return all;
}

void clear_lane(Socket& socket, const Lane& lane, const std::string& endpoint) {
    if (lane.ifb.empty()) {
        (void)remove_shaper(socket, lane.links.front());
        return;
    }
    const auto ifbs = find_ifbs(socket, {lane.ifb}, endpoint);
    for (const auto link : lane.links) {
        leave_detour(socket, link, ifbs);
    }
    for (const auto& ifb : ifbs) {
        (void)netlink::remove_link(socket, ifb.index);
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
    return observe_shaper(socket, link);
}

void clear_host(Socket& host, const sdk::EndpointView& endpoint,
                const std::function<void(std::uint32_t)>& retire) {
    const auto name = endpoint_name(endpoint);
    const auto ifbs = find_ifbs(host, {ifb_names(endpoint).egress}, name);
    const auto link = netlink::find_link(host, std::string(endpoint.host_ifname()));
    if (link && !of_another(*link, name)) {
        (void)remove_shaper(host, link->index);
        leave_detour(host, link->index, ifbs);
    }
    for (const auto& ifb : ifbs) {
        retire(ifb.index);
    }
}

void clear_pod(Socket& pod, const sdk::EndpointView& endpoint) {
    const auto names = ifb_names(endpoint);
    const auto ifbs = find_ifbs(pod, {names.ingress, names.egress}, endpoint_name(endpoint));
    for (const auto& link : netlink::links(pod)) {
        const bool own = link.name == endpoint.ifname();
        if (own) {
            (void)remove_shaper(pod, link.index);
        }
        if (own || !ifbs.empty()) {
            leave_detour(pod, link.index, ifbs);
        }
    }
    for (const auto& ifb : ifbs) {
        (void)netlink::remove_link(pod, ifb.index);
    }
}

}  // namespace terway::bandwidth_tc
