#include <boost/json.hpp>
#include <map>

#include "base/netns.hpp"
#include "netlink/link.hpp"
#include "sim/fabric.hpp"
#include "sim/nft.hpp"
#include "sim/registration.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;

// Elements of a set with counters, by key.
std::map<std::string, std::uint64_t> counted(Nft& nft, const std::string& table,
                                             const std::string& set) {
    std::map<std::string, std::uint64_t> packets;
    const auto answer = json::parse(nft.list("list set inet " + table + " " + set));
    for (const auto& object : answer.at("nftables").as_array()) {
        const auto* found = object.as_object().if_contains("set");
        const auto* elements = found == nullptr ? nullptr : found->as_object().if_contains("elem");
        if (elements == nullptr) {
            continue;
        }
        for (const auto& element : elements->as_array()) {
            const auto& one = element.at("elem");
            packets[json::value_to<std::string>(one.at("val"))] =
                one.at("counter").at("packets").to_number<std::uint64_t>();
        }
    }
    return packets;
}

}  // namespace

std::vector<Drop> drops(const std::string& simulation) {
    const Netns fabric = Netns::open(netns_path(simulation, "fabric"));
    auto socket = netlink::Socket::in(fabric.fd());
    std::map<std::string, std::string> enis;
    for (const auto& link : netlink::links(socket)) {
        enis[link.name] = link.alias.empty() ? link.name : link.alias;
    }
    std::vector<Drop> all;
    Nft nft(fabric.fd());
    for (const auto& [set, reason] :
         {std::pair("foreign_mac", "foreign mac"), std::pair("foreign_source", "foreign source"),
          std::pair("no_owner", "no owner")}) {
        for (const auto& [port, packets] : counted(nft, "vpc", set)) {
            all.push_back({reason, enis.contains(port) ? enis.at(port) : port, packets});
        }
    }
    if (enis.contains(kUplink)) {
        Nft gateway(Netns::open(netns_path(simulation, "nat")).fd());
        for (const auto& [link, packets] : counted(gateway, "gateway", "not_inside")) {
            all.push_back({"not inside", kUplink, packets});
        }
    }
    return all;
}

}  // namespace terway::sim
