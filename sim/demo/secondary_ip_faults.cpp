#include "sim/demo/secondary_ip.hpp"

namespace terway::sim::demo {
namespace {

constexpr std::size_t kLate = 3;
constexpr std::size_t kPodsOfB = 17;

void add_fault(CloudServer& server, const std::string& action, FaultRule::Kind kind,
               unsigned times = 0) {
    server.with([&](Cloud& cloud) {
        FaultRule rule;
        rule.action = action;
        rule.kind = kind;
        rule.times = times;
        if (kind == FaultRule::Kind::Error) {
            rule.code = "Throttling.User";
            rule.status = 400;
            rule.message = "Request was denied due to user flow control.";
        }
        cloud.faults().add(rule, wall_now());
    });
}

void clear_faults(CloudServer& server) {
    server.with([](Cloud& cloud) { cloud.faults().clear(); });
}

// "AssignIpv6Addresses 1, CreateNetworkInterface 1". Throws Error if one has not struck.
std::string strikes(CloudServer& server) {
    return server.with([](Cloud& cloud) {
        std::string out;
        for (const auto& entry : cloud.faults().list()) {
            if (entry.struck == 0) {
                refute("no " + entry.rule.action + " was called");
            }
            out += (out.empty() ? "" : ", ") + entry.rule.action;
        }
        return out;
    });
}

}  // namespace

void SecondaryIp::be_throttled() {
    story_.act("The cloud throttles");
    const auto mark = a().cloud.mark();
    add_fault(simulation_->cloud(), "Assign*", FaultRule::Kind::Error);
    add_fault(simulation_->cloud(), "Create*", FaultRule::Kind::Error);
    story_.step("pods come from the warm pool all the same", [&] {
        const auto warm = PoolView::of(a().node).idle;
        if (warm == 0) {
            refute("nothing is warm");
        }
        const auto said = Crowd(a(), warm).join();
        const auto calls = a().cloud.since(mark);
        if (calls.carried_out != 0) {
            refute("the cloud gave something: " + calls.text());
        }
        return said;
    });
    Crowd late(a(), kLate);
    story_.step("further ones wait, and the pool says so", [&] {
        return eventually([&] {
            const auto pool = PoolView::of(a().node);
            const auto refused = a().cloud.since(mark).failed;
            if (pool.waiting != kLate || refused == 0) {
                refute(std::to_string(pool.waiting) + " wait, " + std::to_string(refused) +
                       " calls were throttled");
            }
            return std::to_string(pool.waiting) + " waiting; " + std::to_string(refused) +
                   " calls answered Throttling.User";
        });
    });
    story_.step("the cloud relents, they get theirs", [&] {
        clear_faults(simulation_->cloud());
        return late.join();
    });
    settle("nothing is doubled or lost", a());
}

void SecondaryIp::lose_answers() {
    story_.act("The cloud does what it is asked, and its answer is lost");
    for (const auto* action : {"CreateNetworkInterface", "AttachNetworkInterface",
                               "AssignPrivateIpAddresses", "AssignIpv6Addresses"}) {
        add_fault(simulation_->cloud(), action, FaultRule::Kind::Lost, 1);
    }
    const auto mark = b().cloud.mark();
    story_.step("node-b gets more pods than its ENI has room for",
                [&] { return Crowd(b(), kPodsOfB - b().pods.size()).join(); });
    story_.step("one answer of each kind was lost", [&] {
        return eventually([&] { return strikes(simulation_->cloud()); }, kRecovery);
    });
    settle("no ENI and no address is leaked", b());
    story_.step("the cloud made one ENI, however often it was asked", [&] {
        const auto calls = b().cloud.since(mark);
        if (b().cloud.enis().size() != 2) {
            refute(std::to_string(b().cloud.enis().size()) + " ENIs; " + calls.text());
        }
        return calls.text();
    });
    clear_faults(simulation_->cloud());
}

void SecondaryIp::lose_cloud() {
    story_.act("The cloud is away");
    Conversation stream(a1_->netns.fd(), b1_->address(Family::V4), kPort, after(kPatience));
    (void)stream.say("before", after(kPatience));
    add_fault(simulation_->cloud(), "*", FaultRule::Kind::Cut);
    stage_.add_pod(a().make_pod(), a().node);
    kill_daemon(a(), stream);
    revive_daemon("it comes back without the cloud, knowing all", a(), stream);
    stage_.add_pod(a().make_pod(), a().node);
    story_.step("the cloud is back", [&] {
        clear_faults(simulation_->cloud());
        return eventually(
            [&] {
                const auto pool = PoolView::of(a().node);
                if (pool.capacity == 0) {
                    refute("the pool has not asked it yet");
                }
                return pool.text() + "; " + agreement(a().node, a().cloud);
            },
            kRecovery);
    });
    story_.step("every pod still has addresses of its own", [this] { return all_different(); });
}

}  // namespace terway::sim::demo
