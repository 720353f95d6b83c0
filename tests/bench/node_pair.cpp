#include "node_pair.hpp"

#include <utility>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "sim/nft.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr const char* kBare = "bare";
// Translation makes the kernel track all connections of a node, so these are two of their own.
constexpr const char* kBareService = "bare-service";
constexpr std::size_t kBareServiceOrdinal = 200;
constexpr const char* kService = "172.21.0.10";  // of kServiceCidr

// As kube-proxy does it: for pods and for the node's own processes, on every port, of every node.
void serve(int node, const IpAddress& backend) {
    const std::string translate =
        std::string("ip daddr ") + kService + " dnat to " + backend.text() + ";";
    sim::Nft(node).apply(
        "table ip bench-service {\n"
        "chain prerouting { type nat hook prerouting priority dstnat; " +
        translate + " }\nchain output { type nat hook output priority -100; " + translate +
        " }\n}\n");
}

IpAddress address(const std::string& text) {
    return IpAddress::parse(text).value();
}

Way way_of(const std::string& who, Path path, int client, int server, const IpAddress& target) {
    return {who + ", " + name_of(path), client, server, target};
}

// Two namespaces and one veth pair, nothing else.
void join(int left, int right) {
    auto from = netlink::Socket::in(left);
    netlink::create_veth(from, {.name = "eth0"}, {.name = "eth0", .netns_fd = right});
    for (const auto& [netns, own] : {std::pair{left, "10.99.0.1/24"}, {right, "10.99.0.2/24"}}) {
        auto socket = netlink::Socket::in(netns);
        const auto link = netlink::find_link(socket, "eth0").value();
        netlink::change_link(socket, link.index, {.up = true});
        netlink::ensure_address(socket, link.index, Prefix::parse(own).value());
    }
}

}  // namespace

sim::Topology dataplane_topology(const std::vector<Candidate>& all) {
    std::string nodes;
    std::string routes;
    const auto add = [&](const std::string& name, std::size_t ordinal, bool routed) {
        for (std::size_t side = 0; side < kSides.size(); ++side) {
            nodes += "[[node]]\nname = \"" + node_name(name, side) +
                     "\"\nvswitch = \"vsw-a\"\naddress = \"" + node_address(ordinal, side) + "\"\n";
            if (routed) {
                routes += "[[route]]\ndestination = \"" + pod_cidr(ordinal, side) +
                          "\"\nnode = \"" + node_name(name, side) + "\"\n";
            }
        }
    };
    add(kBare, 0, false);
    add(kBareService, kBareServiceOrdinal, false);
    for (std::size_t i = 0; i < all.size(); ++i) {
        add(all[i].name, i + 1, all[i].pod_cidrs);
    }
    return sim::parse_whole_topology(
        "[vpc]\ncidr = \"10.0.0.0/8\"\ninternet = false\n"
        "[[vswitch]]\nid = \"vsw-a\"\ncidr = \"10.0.0.0/16\"\n" +
            nodes + routes + "[[role]]\nname = \"terway\"\n",
        "benchmark");
}

BarePair::BarePair(const sim::Fabric& fabric)
    : a_(Netns::open(fabric.netns_path(node_name(kBare, 0)))),
      b_(Netns::open(fabric.netns_path(node_name(kBare, 1)))),
      service_a_(Netns::open(fabric.netns_path(node_name(kBareService, 0)))),
      service_b_(Netns::open(fabric.netns_path(node_name(kBareService, 1)))),
      left_(Netns::create()),
      right_(Netns::create()) {
    join(left_.fd(), right_.fd());
    const auto server = address(node_address(0, 1));
    const auto backend = address(node_address(kBareServiceOrdinal, 1));
    serve(service_a_.fd(), backend);
    serve(service_b_.fd(), backend);
    ways_ = {way_of(kBare, Path::SameNode, left_.fd(), right_.fd(), address("10.99.0.2")),
             way_of(kBare, Path::AcrossNodes, a_.fd(), b_.fd(), server),
             way_of(kBare, Path::Service, service_a_.fd(), service_b_.fd(), address(kService))};
    tracked_ = way_of("tracked", Path::AcrossNodes, service_a_.fd(), service_b_.fd(), backend);
    for (const auto& each : ways_) {
        await_way(each);
    }
    await_way(tracked_);
}

bool NodePair::has(Path path) const {
    return path == Path::SameNode || !candidate_.only_same_node;
}

IpAddress NodePair::add_pod(const PodNode& node, const std::string& name) {
    const auto& pod = pods_.emplace_back(node_name(candidate_.name, 0) + "-" + name);
    return with_context(candidate_.name, [&] {
        return address_of(node.contender().call("ADD", ++number_, pod).ran.output);
    });
}

NodePair::NodePair(const Programs& programs, const std::string& scratch, const sim::Fabric& fabric,
                   const Candidate& candidate, std::size_t ordinal)
    : candidate_(candidate), number_(static_cast<std::uint32_t>(ordinal * 100)) {
    for (std::size_t side = 0; side < kSides.size(); ++side) {
        nodes_.push_back(
            std::make_unique<PodNode>(programs, scratch, fabric, candidate, ordinal, side));
    }
    pods_.reserve(3);
    (void)add_pod(*nodes_[0], "client");
    const auto neighbour = add_pod(*nodes_[0], "neighbour");
    const auto far = add_pod(*nodes_[1], "far");
    for (const auto& node : nodes_) {
        serve(node->contender().node(), far);
    }
    const int client = pods_[0].fd();
    ways_ = {way_of(candidate.name, Path::SameNode, client, pods_[1].fd(), neighbour),
             way_of(candidate.name, Path::AcrossNodes, client, pods_[2].fd(), far),
             way_of(candidate.name, Path::Service, client, pods_[2].fd(), address(kService))};
    for (const auto path : kPaths) {
        if (has(path)) {
            await_way(way(path));
        }
    }
}

}  // namespace terway::bench
