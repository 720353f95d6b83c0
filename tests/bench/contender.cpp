#include "contender.hpp"

#include <poll.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "interrupt.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"
#include "veth/plan.hpp"

namespace terway::bench {
namespace {

constexpr std::chrono::seconds kGonePatience{30};

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

Netns bare_node() {
    constexpr int kLoopback = 1;
    auto node = Netns::create();
    auto socket = netlink::Socket::in(node.fd());
    netlink::change_link(socket, kLoopback, {.up = true});
    return node;
}

}  // namespace

Contender::Contender(std::string name, std::string program, std::string config)
    : Contender(std::move(name), std::move(program), bare_node()) {
    config_ = std::move(config);
}

Contender::Contender(std::string name, std::string program, Netns node)
    : name_(std::move(name)), program_(std::move(program)), node_(std::move(node)) {
    const NetnsScope scope(node_.fd());
    netlink::write_sysctl("net/ipv4/ip_forward", "1");
    netlink::write_sysctl("net/ipv6/conf/all/forwarding", "1");
}

Command Contender::command(const std::string& verb, std::uint32_t number,
                           const Sandbox& sandbox) const {
    const auto directory = program_.substr(0, program_.rfind('/'));
    Command command{{program_},
                    {"CNI_COMMAND=" + verb, "CNI_CONTAINERID=" + std::to_string(number),
                     "CNI_NETNS=" + sandbox.path(), "CNI_IFNAME=eth0", "CNI_PATH=" + directory,
                     "PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                    config_};
    if (!prefix_.empty()) {
        command.environment.push_back(
            "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + prefix_ + "-" +
            std::to_string(number));
    }
    return command;
}

Timed Contender::call(const std::string& verb, std::uint32_t number, const Sandbox& sandbox) const {
    const auto what = command(verb, number, sandbox);
    const NetnsScope scope(node());
    return run_timed(what);
}

void Contender::await_no_links() const {
    auto socket = netlink::Socket::in(node());
    const auto deadline = after(kGonePatience);
    while (true) {
        const auto links = netlink::links(socket);
        if (std::none_of(links.begin(), links.end(),
                         [](const auto& link) { return link.name.starts_with("cali"); })) {
            return;
        }
        check_interrupted();
        if (Clock::now() > deadline) {
            throw Error(Status::Internal, "links of removed pods stay on the node of " + name_);
        }
        (void)::poll(nullptr, 0, 2);
    }
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
