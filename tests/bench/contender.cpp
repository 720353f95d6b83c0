#include "contender.hpp"

#include <sstream>
#include <utility>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"
#include "veth/plan.hpp"

namespace terway::bench {
namespace {

// The shape of what is in a namespace, in words that two plugins can agree on.
std::string describe(int netns, const std::string& where) {
    auto socket = netlink::Socket::in(netns);
    std::ostringstream text;
    for (const auto& link : netlink::links(socket)) {
        if (link.kind != "veth") {
            continue;
        }
        text << where << " link: mtu " << link.mtu << (link.up ? " up" : " down") << " group "
             << link.group << (link.alias.empty() ? "" : " with alias") << ", addresses:";
        for (const auto& address : netlink::addresses(socket, link.index)) {
            // The link-local one of IPv6 comes in its own time.
            if (address.is_v4()) {
                text << " /" << static_cast<unsigned>(address.length());
            }
        }
        text << ", neighbours: " << netlink::neighbours(socket, Family::V4, link.index).size()
             << "\n";
    }
    for (const auto& route : netlink::routes(socket, Family::V4)) {
        text << where << " route: /" << static_cast<unsigned>(route.destination.length())
             << " scope " << static_cast<unsigned>(route.scope) << (route.gateway ? " via" : "")
             << (route.onlink ? " onlink" : "") << "\n";
    }
    return text.str();
}

}  // namespace

Contender::Contender(std::string name, std::string program, std::string config)
    : name_(std::move(name)),
      program_(std::move(program)),
      config_(std::move(config)),
      node_("node-" + name_) {
    const NetnsScope scope(node());
    netlink::write_sysctl("net/ipv4/ip_forward", "1");
    netlink::write_sysctl("net/ipv6/conf/all/forwarding", "1");
}

Command Contender::command(const std::string& verb, std::uint32_t number,
                           const Sandbox& sandbox) const {
    const auto directory = program_.substr(0, program_.rfind('/'));
    return {{program_},
            {"CNI_COMMAND=" + verb, "CNI_CONTAINERID=" + std::to_string(number),
             "CNI_NETNS=" + sandbox.path(), "CNI_IFNAME=eth0", "CNI_PATH=" + directory,
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
            config_};
}

Timed Contender::call(const std::string& verb, std::uint32_t number, const Sandbox& sandbox) const {
    const auto what = command(verb, number, sandbox);
    const NetnsScope scope(node());
    return run_timed(what);
}

std::string ptp_config(const std::string& data_directory) {
    return R"({"cniVersion":"1.0.0","name":"bench","type":"ptp","ipMasq":false,"mtu":1500,)"
           R"("ipam":{"type":"host-local","dataDir":")" +
           data_directory +
           R"(","ranges":[[{"subnet":"10.91.0.0/16"}]],"routes":[{"dst":"0.0.0.0/0"}]}})";
}

void expect_same_objects(const Contender& one, const Sandbox& sandbox_of_one,
                         const Contender& other, const Sandbox& sandbox_of_other) {
    const auto first = describe(sandbox_of_one.fd(), "pod") + describe(one.node(), "node");
    const auto second = describe(sandbox_of_other.fd(), "pod") + describe(other.node(), "node");
    if (first != second) {
        throw Error(Status::Internal, one.name() + " and " + other.name() +
                                          " do not make the same objects, so they cannot be "
                                          "compared.\n" +
                                          one.name() + ":\n" + first + other.name() + ":\n" +
                                          second);
    }
}

}  // namespace terway::bench
