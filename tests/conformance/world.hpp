// A node in miniature: throw-away namespaces for the host, the VPC and the pods, and one instance
// of the module under test.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
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

// A NIC that the cloud plugged into the node.
struct Nic {
    sdk::testing::EniBuilder eni;
    std::string id;
    Mac mac;
    std::uint32_t ifindex = 0;
};

// One pod; its namespace dies with it.
struct Pod {
    std::string label;  // "pod a"
    Netns netns;
    sdk::testing::EndpointBuilder endpoint;
    std::vector<IpAddress> addresses;
    twy_attachment made{};
    std::optional<Mac> nic;  // of an ENI that is its alone
};

class World {
public:
    // Creates, configures and asks preflight; does not start. Throws Error.
    explicit World(const Options& options);
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // Also prepares the ENIs, if the node has some and the module offers to; purge forgets them.
    void start();
    void start_bare();
    void purge();
    [[nodiscard]] bool serves_eni() const;
    // Each pod has an ENI of its own, for the module says that it lends whole ones.
    [[nodiscard]] bool exclusive() const { return exclusive_; }
    // Of all ENIs. For one that a pod has the module must answer that it is gone.
    void prepare_eni();
    void check_eni();
    void forget_eni();
    [[nodiscard]] const std::vector<Nic>& nics() const { return nics_; }
    // A restart of the daemon: a new instance takes the place of the old one and starts.
    void restart();
    void destroy_instance();

    Pod& add_pod();
    // What detach may go by when the daemon has forgotten all but the key. An ENI in a sandbox that
    // lives comes back only from there, so with it goes the sandbox.
    [[nodiscard]] static sdk::testing::EndpointBuilder key_alone(const Pod& pod);
    // The sandbox dies, and does what the kernel does with a NIC in it: puts it back into the
    // host's namespace. (The NICs of this world are ends of veths, which it would delete.)
    void bury(Pod& pod);

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
    void plug(const std::string& name, const std::string& far);
    Nic& plug_eni(bool up);
    void on_nic(const std::string& verb, Nic& nic, const std::function<void()>& body);
    void create_instance();
    void configure();

    const Options& options_;
    Netns host_ = Netns::create();
    Netns vpc_ = Netns::create();
    std::uint64_t host_inode_ = host_.inode();
    bool exclusive_ = false;
    std::vector<Nic> nics_;
    sdk::testing::FakeHost fake_;
    std::unique_ptr<sdk::testing::ModuleUnderTest> module_;
    std::deque<Pod> pods_;
};

}  // namespace terway::conformance
