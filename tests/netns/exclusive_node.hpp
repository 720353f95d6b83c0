// A node with ENIs for the module eni-exclusive alone, without a daemon: its host, the VPC behind
// it, a machine elsewhere, and pods that have whole ENIs.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/netns.hpp"
#include "netlink/link.hpp"
#include "terway/testing.hpp"
#include "traffic.hpp"

namespace terway::test {

struct ExclusivePod {
    Netns netns = Netns::create();
    sdk::testing::EndpointBuilder endpoint{"c"};
    Mac mac;  // of its ENI
    std::string home_name;
    twy_attachment made{};
    std::map<Family, IpAddress> address;
};

class ExclusiveNode {
public:
    // 10.0.0.2 and fd00::2 on eth0; the VPC drops what the node sends in another name.
    explicit ExclusiveNode(const sdk::testing::ConfigTable& config = services());

    // 192.168.0.0/16 and fd10::/112 are Services, 169.254.20.10 is served by the node.
    [[nodiscard]] static sdk::testing::ConfigTable services();
    [[nodiscard]] static IpAddress node(Family family);
    [[nodiscard]] static IpAddress service(Family family);
    [[nodiscard]] static IpAddress elsewhere(Family family);

    // Bare, with an ENI waiting on the host. Its addresses end in 10 + how many there were before.
    ExclusivePod& plug();
    void attach(ExclusivePod& pod);
    void activate(ExclusivePod& pod);
    void detach(ExclusivePod& pod);
    ExclusivePod& pod() {
        auto& made = plug();
        attach(made);
        activate(made);
        return made;
    }
    // A pod of a dataplane that routes a veth: 10.0.3.<n> and fd03::<n>, host end "cali<n>".
    Netns& routed_pod(int number);
    [[nodiscard]] static IpAddress routed_address(Family family, int number);

    // As kube-proxy would: what goes to an address, port 8080, goes to a pod or machine.
    void serve(const IpAddress& address, const IpAddress& backend);

    // An ENI's link in the host's namespace, or nothing.
    [[nodiscard]] std::optional<netlink::Link> at_home(const ExclusivePod& pod) const;
    [[nodiscard]] static std::optional<netlink::Link> link(int netns_fd, const std::string& name);

    sdk::testing::ModuleUnderTest& module() { return module_; }
    [[nodiscard]] const Netns& host() const { return host_; }
    [[nodiscard]] const Netns& vpc() const { return vpc_; }
    [[nodiscard]] const Netns& machine() const { return machine_; }
    void on_host(const std::function<void()>& body) const {
        const NetnsScope scope(host_.fd());
        body();
    }

private:
    Netns host_ = Netns::create();
    Netns vpc_ = Netns::create();
    Netns machine_ = Netns::create();
    sdk::testing::FakeHost fake_;
    sdk::testing::ModuleUnderTest module_;
    std::deque<ExclusivePod> pods_;
    std::deque<Netns> routed_;
};

// Runs a shell command in a namespace. Throws Error if it fails.
void shell(const Netns& netns, const std::string& command);

// A question and its answer over UDP, the server at port 8080 of `server_address`, asked by the
// name `to`; what the server got, nothing if one of the two got lost.
std::optional<Datagram> ask(const Netns& client, const IpAddress& from, const IpAddress& to,
                            const Netns& server, const IpAddress& server_address,
                            std::chrono::milliseconds limit = patience());

}  // namespace terway::test
