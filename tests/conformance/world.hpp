// A node in miniature: throw-away namespaces for the host, the VPC and the pods, and one instance
// of the module under test.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/netns.hpp"
#include "options.hpp"
#include "snapshot.hpp"

namespace terway::conformance {

// A law is broken; `details` are objects of the kernel, one a line.
struct Broken {
    std::string what;
    std::vector<std::string> details;
};

// One pod; its namespace dies with it.
struct Pod {
    std::string label;  // "pod a"
    Netns netns;
    sdk::testing::EndpointBuilder endpoint;
    std::vector<IpAddress> addresses;
    twy_attachment made{};
};

class World {
public:
    // Creates, configures and asks preflight; does not start. Throws Error.
    explicit World(const Options& options);
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // Also prepares the ENI, if the node has one and the module offers to; purge forgets it.
    void start();  // and prepares the ENI, if the module serves one
    void start_bare();
    void purge();
    [[nodiscard]] bool serves_eni() const;
    void prepare_eni();
    void check_eni();
    void forget_eni();
    // A restart of the daemon: a new instance takes the place of the old one and starts.
    void restart();
    void destroy_instance();

    Pod& add_pod();

    // Runs `body` as the daemon runs a verb: on a thread of its own, in the host's namespace.
    // Throws what the body throws, `what` put before an Error, and Broken if the thread is not home
    // again or the call's deadline has passed.
    void as_host(const std::string& what, const std::function<void()>& body);

    // Of the host and all pods; retired links are deleted first.
    [[nodiscard]] Snapshot snapshot();
    [[nodiscard]] Snapshot host_snapshot();
    void delete_retired_links();

    [[nodiscard]] sdk::testing::ModuleUnderTest& module() const { return *module_; }
    [[nodiscard]] sdk::testing::FakeHost& fake() { return fake_; }
    [[nodiscard]] const Netns& host() const { return host_; }
    // The host's address on its uplink.
    [[nodiscard]] IpAddress host_address(Family family) const;
    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] int netns_fd(const std::string& place) const;

private:
    void build_host();
    void create_instance();
    void configure();

    const Options& options_;
    Netns host_ = Netns::create();
    Netns vpc_ = Netns::create();
    std::uint64_t host_inode_ = host_.inode();
    std::uint32_t eni_ifindex_ = 0;
    Mac eni_mac_;
    sdk::testing::EniBuilder eni_{"eni-1"};
    sdk::testing::FakeHost fake_;
    std::unique_ptr<sdk::testing::ModuleUnderTest> module_;
    std::deque<Pod> pods_;
};

}  // namespace terway::conformance
