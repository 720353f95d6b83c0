#include "plain_veth.hpp"

#include <algorithm>

#include "command.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "text.hpp"

namespace terway::conformance {

twy_attachment attach_plain_veth(World& world, Pod& pod) {
    auto host = netlink::Socket::in(world.host().fd());
    auto sandbox = netlink::Socket::in(pod.netns.fd());
    netlink::VethEnd end;
    end.name = pod.endpoint.host_ifname();
    end.mtu = pod.endpoint.mtu();
    netlink::VethEnd peer;
    peer.name = pod.endpoint.ifname();
    peer.mtu = pod.endpoint.mtu();
    peer.netns_fd = pod.netns.fd();
    netlink::create_veth(host, end, peer);
    const auto host_end = netlink::find_link(host, end.name).value();
    const auto pod_end = netlink::find_link(sandbox, peer.name).value();
    for (const auto& address : pod.addresses) {
        netlink::ensure_address(sandbox, pod_end.index, Prefix::host(address));
    }
    auto made = sdk::sized<twy_attachment>();
    made.host_ifindex = host_end.index;
    made.pod_ifindex = pod_end.index;
    made.mtu = pod_end.mtu;
    std::copy(pod_end.mac.bytes.begin(), pod_end.mac.bytes.end(), made.pod_mac);
    std::copy(host_end.mac.bytes.begin(), host_end.mac.bytes.end(), made.host_mac);
    end.name.copy(made.host_ifname, sizeof made.host_ifname - 1);
    return made;
}

void activate_plain_veth(World& world, Pod& pod) {
    const std::string host_end = pod.endpoint.host_ifname();
    const std::string pod_end = pod.endpoint.ifname();
    Mac mac;
    std::copy(std::begin(pod.made.host_mac), std::end(pod.made.host_mac), mac.bytes.begin());
    std::string on_host = "link set dev " + host_end + " up\n";
    std::string in_pod = "link set dev " + pod_end + " up\n";
    for (const auto& address : pod.addresses) {
        const std::string gateway = address.is_v4() ? "169.254.1.1" : "fe80::1:1";
        on_host += joined({"route add ", Prefix::host(address).text(), " dev ", host_end, "\n"});
        in_pod += joined({"neighbour add ", gateway, " lladdr ", mac.text(), " dev ", pod_end,
                          " nud permanent\n"});
        in_pod += joined({"route add default via ", gateway, " dev ", pod_end,
                          address.is_v4() ? " onlink\n" : "\n"});
    }
    ip(world.host().fd(), on_host);
    ip(pod.netns.fd(), in_pod);
}

}  // namespace terway::conformance
