// Law 18: what connections to Services come to.
#include <string>
#include <thread>
#include <vector>

#include "base/time.hpp"
#include "command.hpp"
#include "laws.hpp"
#include "plain_veth.hpp"
#include "probe.hpp"
#include "terway/testing/service.hpp"

namespace terway::conformance {
namespace {

using sdk::testing::PolicyBuilder;
using sdk::testing::ServiceBuilder;
using std::chrono::milliseconds;

constexpr milliseconds kSilence{150};
constexpr milliseconds kPatience{5000};
constexpr std::uint8_t kUdp = 17;
constexpr std::uint16_t kService = 53;  // of all frontends
// Of backends; the one that comes later is the first in the list of both.
constexpr std::uint16_t kFirst = 4243;
constexpr std::uint16_t kSecond = 4242;

// Addresses of frontends. Without a module nobody answers there, and nobody says so.
enum Frontend : unsigned { kWeb = 10, kOther = 11, kRefused = 12, kDropped = 13, kSelf = 14 };

std::string address_of(Family family, Frontend frontend) {
    return (family == Family::V4 ? "10.96.0." : "fd96::") + std::to_string(frontend);
}

IpAddress ip(Family family, Frontend frontend) {
    return IpAddress::parse(address_of(family, frontend)).value();
}

// A pod that the module governs, and one that answers.
struct Scene {
    Bench& bench;
    Pod& client;
    Pod& server;

    [[nodiscard]] Flow flow(Family family, Frontend to) const {
        return {client.netns.fd(), ip(family, to), kService};
    }
    [[nodiscard]] static IpAddress address(const Pod& pod, Family family) {
        for (const auto& each : pod.addresses) {
            if (each.family() == family) {
                return each;
            }
        }
        throw Error(Status::Internal, "the pod has no address of the family");
    }
    [[nodiscard]] Listener listener(Family family, std::uint16_t port) const {
        return {server.netns.fd(), address(server, family), port};
    }
    [[nodiscard]] const std::vector<Family>& families() const {
        return bench.world.options().families;
    }
    void add(ServiceBuilder& services, Frontend frontend,
             const std::vector<std::pair<std::uint16_t, std::uint8_t>>& backends) const {
        for (const auto family : families()) {
            services.frontend(address_of(family, frontend), kService, kUdp);
            for (const auto& [port, state] : backends) {
                services.backend(address(server, family).text(), port, state);
            }
        }
    }
    void apply(const twy_service_update& update) const {
        bench.world.as_host("apply of Services",
                            [&] { bench.world.module().apply_services(update); });
    }
    // New connections to the frontend come to that port of the server.
    void expect_leads(Frontend frontend, std::uint16_t port, const std::string& when) const {
        for (const auto family : families()) {
            auto by = listener(family, port);
            if (!flow(family, frontend).is_answered(by, kPatience)) {
                throw Broken{"a connection to " + address_of(family, frontend) +
                                 " does not come to its backend, or its answer not back, " + when,
                             {}};
            }
        }
    }
    void expect_nobody(Frontend frontend, std::uint16_t port, const std::string& when) const {
        for (const auto family : families()) {
            auto by = listener(family, port);
            if (flow(family, frontend).is_answered(by, kSilence)) {
                throw Broken{"somebody answers at " + address_of(family, frontend) + " " + when,
                             {}};
            }
        }
    }
};

// All that the first update says.
ServiceBuilder whole(const Scene& scene) {
    ServiceBuilder services;
    scene.add(services, kWeb, {{kFirst, TWY_BACKEND_READY}});
    scene.add(services, kOther, {{kFirst, TWY_BACKEND_READY}});
    scene.add(services, kRefused, {});
    for (const auto family : scene.families()) {
        services.frontend(address_of(family, kDropped), kService, kUdp).drops_without_backends();
        services.frontend(address_of(family, kSelf), kService, kUdp)
            .backend(Scene::address(scene.client, family).text(), kFirst);
    }
    return services;
}

void expect_whole(const Scene& scene, const std::string& when) {
    scene.expect_leads(kWeb, kFirst, when);
    scene.expect_leads(kOther, kFirst, when);
    for (const auto family : scene.families()) {
        if (!scene.flow(family, kRefused).is_refused(kPatience)) {
            throw Broken{"a connection to a Service without backends is not refused " + when, {}};
        }
        if (scene.flow(family, kDropped).is_refused(kSilence)) {
            throw Broken{"a connection is refused that should be dropped " + when, {}};
        }
        Listener self(scene.client.netns.fd(), Scene::address(scene.client, family), kFirst);
        if (!scene.flow(family, kSelf).is_answered(self, kPatience)) {
            throw Broken{"a pod does not reach itself through its Service " + when, {}};
        }
    }
}

void expect_differences(const Scene& scene) {
    ServiceBuilder moved;
    scene.add(moved, kWeb, {{kSecond, TWY_BACKEND_READY}});
    for (const auto family : scene.families()) {
        moved.gone(address_of(family, kOther), kService, kUdp);
    }
    scene.apply(moved.difference(3));
    scene.expect_leads(kWeb, kSecond, "after its backend has changed");
    scene.expect_nobody(kOther, kFirst, "after it was said to be gone");
}

// One that begins while its backend is ready goes on while it drains, others go elsewhere.
void expect_draining(const Scene& scene) {
    struct Old {
        Flow flow;
        Listener by;
    };
    std::vector<Old> old;
    for (const auto family : scene.families()) {
        old.push_back({scene.flow(family, kWeb), scene.listener(family, kSecond)});
        if (!old.back().flow.is_answered(old.back().by, kPatience)) {
            throw Broken{"a connection does not come to its backend", {}};
        }
    }
    ServiceBuilder drains;
    scene.add(drains, kWeb, {{kFirst, TWY_BACKEND_READY}, {kSecond, TWY_BACKEND_DRAINING}});
    scene.apply(drains.difference(4));
    for (auto& each : old) {
        if (!each.flow.is_answered(each.by, kPatience)) {
            throw Broken{"a connection does not survive that its backend drains", {}};
        }
    }
    for (std::size_t i = 0; i < old.size(); ++i) {
        if (scene.flow(scene.families()[i], kWeb).is_answered(old[i].by, kSilence)) {
            throw Broken{"a new connection goes to a backend that drains", {}};
        }
    }
    scene.expect_leads(kWeb, kFirst, "while another backend drains");
    ServiceBuilder none;
    scene.add(none, kWeb, {{kSecond, TWY_BACKEND_DRAINING}});
    scene.apply(none.difference(5));
    for (std::size_t i = 0; i < old.size(); ++i) {
        if (!old[i].flow.is_answered(old[i].by, kPatience)) {
            throw Broken{"a connection does not survive that its Service has no backend to offer",
                         {}};
        }
        if (!scene.flow(scene.families()[i], kWeb).is_refused(kPatience)) {
            throw Broken{"a new connection is not refused where all backends drain", {}};
        }
    }
}

// What packets on their way may still need goes a little later.
void expect_soon(Bench& bench, const Snapshot& wanted, const std::string& when) {
    const auto deadline = after(kPatience);
    while (!difference(wanted, bench.world.snapshot()).empty() && Clock::now() < deadline) {
        std::this_thread::sleep_for(kSilence);
    }
    Bench::expect_same(wanted, bench.world.snapshot(), when);
}

}  // namespace

void law_service(const Options& options, Kind kind) {
    Bench bench(options, kind);
    const Scene scene{bench, bench.add_pod(), bench.add_pod()};
    activate_plain_veth(bench.world, scene.client);
    activate_plain_veth(bench.world, scene.server);
    ip(bench.world.host().fd(),
       "route add blackhole 10.96.0.0/24\nroute add blackhole fd96::/64\n");
    bench.attach(scene.client);
    PolicyBuilder open;
    open.endpoint(scene.client.endpoint.container_id(), scene.client.endpoint.ifname());
    bench.world.as_host("apply", [&] { bench.world.module().apply(open.full(1)); });
    const auto without = bench.world.snapshot();
    scene.expect_nobody(kWeb, kFirst, "before anything was said of Services");

    auto services = whole(scene);
    scene.apply(services.full(1));
    bench.expect_check_passes(scene.client, "after apply of Services");
    expect_whole(scene, "after apply");
    const auto applied = bench.world.snapshot();
    scene.apply(services.full(2));
    Bench::expect_same(applied, bench.world.snapshot(),
                       "apply of the same Services changes something");
    expect_whole(scene, "after the same was applied again");
    expect_differences(scene);
    expect_draining(scene);

    scene.apply(services.full(6));
    expect_whole(scene, "after a full update that follows differences");
    bench.world.restart();
    bench.adopt(scene.client);
    scene.expect_leads(kWeb, kFirst, "after a restart of the daemon");
    bench.world.as_host("apply", [&] { bench.world.module().apply(open.full(1)); });
    scene.apply(services.full(1));
    expect_whole(scene, "after a restart of the daemon");

    ServiceBuilder nothing;
    scene.apply(nothing.full(2));
    scene.expect_nobody(kWeb, kFirst, "after an update that does not name it");
    expect_soon(bench, without, "the empty update leaves a trace of the last one");
}

}  // namespace terway::conformance
