#include "bench.hpp"

#include <cstring>

#include "plain_veth.hpp"
#include "terway/error.hpp"

namespace terway::conformance {

Bench::Bench(const Options& options, Kind tested, bool start) : world(options), kind(tested) {
    if (start) {
        world.start();
    }
}

Pod& Bench::add_pod() {
    Pod& pod = world.add_pod();
    if (kind != Kind::Dataplane) {
        pod.made = attach_plain_veth(world, pod);
    }
    return pod;
}

void Bench::attach(Pod& pod) {
    world.as_host("attach " + pod.label, [&] {
        switch (kind) {
            case Kind::Dataplane:
                pod.made = world.module().attach(pod.endpoint);
                break;
            case Kind::Qos:
                world.module().attach_qos(pod.endpoint, pod.made);
                break;
            case Kind::Policy:
                world.module().attach_policy(pod.endpoint, pod.made);
                break;
        }
    });
}

void Bench::activate(Pod& pod) {
    if (kind == Kind::Dataplane) {
        world.as_host("activate " + pod.label,
                      [&] { world.module().activate(pod.endpoint, pod.made); });
    }
}

void Bench::detach(sdk::testing::EndpointBuilder& endpoint, const std::string& label) {
    world.as_host("detach " + label, [&] {
        switch (kind) {
            case Kind::Dataplane:
                world.module().detach(endpoint);
                break;
            case Kind::Qos:
                world.module().detach_qos(endpoint);
                break;
            case Kind::Policy:
                world.module().detach_policy(endpoint);
                break;
        }
    });
}

void Bench::check(Pod& pod) {
    world.as_host("check " + pod.label, [&] {
        switch (kind) {
            case Kind::Dataplane:
                world.module().check(pod.endpoint);
                break;
            case Kind::Qos:
                world.module().check_qos(pod.endpoint, pod.made);
                break;
            case Kind::Policy:
                world.module().check_policy(pod.endpoint, pod.made);
                break;
        }
    });
}

void Bench::adopt(Pod& pod) {
    world.as_host("adopt " + pod.label, [&] {
        switch (kind) {
            case Kind::Dataplane:
                pod.made = world.module().adopt(pod.endpoint);
                break;
            case Kind::Qos:
                world.module().adopt_qos(pod.endpoint, pod.made);
                break;
            case Kind::Policy:
                world.module().adopt_policy(pod.endpoint, pod.made);
                break;
        }
    });
}

Bench::Struck Bench::inject(fault::Mode mode, unsigned nth, const std::function<void()>& verb) {
    Struck struck;
    fault::arm(mode, nth);
    try {
        verb();
    } catch (const Error& error) {
        struck.error = error.what();
    } catch (...) {
        (void)fault::disarm();
        throw;
    }
    struck.report = fault::disarm();
    return struck;
}

void Bench::expect_same(const Snapshot& before, const Snapshot& after, const std::string& when) {
    const auto found = difference(before, after);
    if (!found.empty()) {
        throw Broken{when, found.lines()};
    }
}

void Bench::expect_check_passes(Pod& pod, const std::string& when) {
    try {
        check(pod);
    } catch (const Error& error) {
        throw Broken{"check finds fault " + when + ": " + error.what(), {}};
    }
}

void Bench::expect_check_fails(Pod& pod, const std::string& when) {
    try {
        check(pod);
    } catch (const Error& error) {
        if (std::strlen(error.what()) <= std::strlen("check : ") + pod.label.size()) {
            throw Broken{"check fails without a word " + when, {}};
        }
        return;
    }
    throw Broken{"check finds nothing wrong " + when, {}};
}

std::string difference(const twy_attachment& left, const twy_attachment& right) {
    std::string found;
    const auto number = [&](const char* name, std::uint32_t one, std::uint32_t other) {
        if (one != other) {
            found += std::string(" ") + name + " " + std::to_string(one) + " -> " +
                     std::to_string(other);
        }
    };
    number("host_ifindex", left.host_ifindex, right.host_ifindex);
    number("pod_ifindex", left.pod_ifindex, right.pod_ifindex);
    number("side_ifindex", left.side_ifindex, right.side_ifindex);
    number("mtu", left.mtu, right.mtu);
    if (std::memcmp(left.pod_mac, right.pod_mac, sizeof left.pod_mac) != 0) {
        found += " pod_mac differs";
    }
    if (std::memcmp(left.host_mac, right.host_mac, sizeof left.host_mac) != 0) {
        found += " host_mac differs";
    }
    number("gateway_count", left.gateway_count, right.gateway_count);
    if (std::memcmp(left.gateways, right.gateways, sizeof left.gateways) != 0) {
        found += " gateways differ";
    }
    if (std::strncmp(left.host_ifname, right.host_ifname, sizeof left.host_ifname) != 0) {
        found += std::string(" host_ifname ") + left.host_ifname + " -> " + right.host_ifname;
    }
    return found;
}

}  // namespace terway::conformance
