// A node with two pods on veths, one of which calls the other by a Service among many.
#pragma once

#include <memory>
#include <string>

#include "base/netns.hpp"
#include "daemon.hpp"
#include "terway/testing.hpp"
#include "traffic.hpp"
#include "world.hpp"

namespace terway::bench {

// One thread at a time.
class ServicePlace {
public:
    explicit ServicePlace(const std::string& name);
    virtual ~ServicePlace() = default;
    ServicePlace(const ServicePlace&) = delete;
    ServicePlace& operator=(const ServicePlace&) = delete;

    // To the Service in the middle of them.
    [[nodiscard]] Way way() const;

protected:
    struct Pod {
        Sandbox sandbox;
        IpAddress address;
        std::string link;  // on the node
        twy_attachment made{};
    };
    // The address of a Service; the one that is called is number `called`.
    [[nodiscard]] static IpAddress service(unsigned number);
    [[nodiscard]] int node() const { return node_.fd(); }
    [[nodiscard]] const std::string& name() const { return name_; }

    unsigned called_ = 0;
    Sandbox node_;
    Pod client_;
    Pod server_;

private:
    void plug(Pod& pod) const;
    std::string name_;
};

// policy-bpf translates.
class BpfServicePlace final : public ServicePlace {
public:
    // Of `services` with `backends` each. Throws Error.
    BpfServicePlace(const Programs& programs, unsigned services, unsigned backends);
    ~BpfServicePlace() override;

    [[nodiscard]] double apply_ms() const { return apply_ms_; }

private:
    sdk::testing::FakeHost host_;
    std::unique_ptr<sdk::testing::ModuleUnderTest> module_;
    sdk::testing::EndpointBuilder client_endpoint_{"00000000001"};
    sdk::testing::EndpointBuilder server_endpoint_{"00000000002"};
    double apply_ms_ = 0;
};

// Chains of iptables, as kube-proxy writes them.
class ChainServicePlace final : public ServicePlace {
public:
    ChainServicePlace(const std::string& scratch, unsigned services);
};

}  // namespace terway::bench
