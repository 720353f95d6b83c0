// policy-felix tells what its rules say to packets.
#include <atomic>
#include <thread>

#include "base/mutex.hpp"
#include "netlink/nft_log.hpp"
#include "policy_fixture.hpp"

namespace terway::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Told {
    std::string container;
    std::uint8_t direction = 0;
    std::uint8_t verdict = 0;
    std::uint8_t protocol = 0;
    std::uint8_t family = 0;
    std::string from;
    std::string to;
    std::uint16_t to_port = 0;
    std::uint64_t time_ns = 0;
};

void PrintTo(const Told& told, std::ostream* out) {
    *out << told.container << (told.direction == TWY_EGRESS ? " egress " : " ingress ")
         << (told.verdict == TWY_ALLOW ? "allow " : "deny ") << told.from << " -> " << told.to
         << ":" << told.to_port << " " << int{told.protocol};
}

// A trace on a thread of its own, on the node.
class Trace {
public:
    Trace(PolicyCluster& cluster, const std::string& node)
        : thread_([this, &cluster, node] {
              cluster.on_node(node, [&] {
                  try {
                      cluster.module(node).trace_policy(
                          [this](const twy_policy_verdict* verdict) { return hear(verdict); });
                  } catch (const Error& error) {
                      const MutexLock lock(mutex_);
                      failure_ = error.what();
                  }
              });
              is_over_ = true;
          }) {
        EXPECT_TRUE(eventually([&] { return is_listening_ || is_over_; }));
    }
    ~Trace() {
        is_wanted_ = false;
        thread_.join();
    }
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;

    std::vector<Told> told() {
        const MutexLock lock(mutex_);
        return told_;
    }
    std::string failure() {
        const MutexLock lock(mutex_);
        return failure_;
    }
    [[nodiscard]] bool is_listening() const { return is_listening_; }

private:
    static std::string address(std::uint8_t family, const std::uint8_t (&bytes)[16]) {
        return IpAddress(family == 4 ? Family::V4 : Family::V6, {bytes, family == 4 ? 4U : 16U})
            .text();
    }
    bool hear(const twy_policy_verdict* verdict) {
        is_listening_ = true;
        if (verdict != nullptr) {
            const MutexLock lock(mutex_);
            told_.push_back({{verdict->key.container_id.data, verdict->key.container_id.size},
                             verdict->direction,
                             verdict->verdict,
                             verdict->protocol,
                             verdict->family,
                             address(verdict->family, verdict->source),
                             address(verdict->family, verdict->destination),
                             verdict->destination_port,
                             verdict->time_ns});
        }
        return is_wanted_;
    }

    Mutex mutex_;
    std::vector<Told> told_ TERWAY_GUARDED_BY(mutex_);
    std::string failure_ TERWAY_GUARDED_BY(mutex_);
    std::atomic<bool> is_wanted_{true};
    std::atomic<bool> is_listening_{false};
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

auto is(const std::string& container, int direction, int verdict, const std::string& from,
        const std::string& to, std::uint16_t port) {
    return AllOf(Field(&Told::container, container), Field(&Told::direction, direction),
                 Field(&Told::verdict, verdict), Field(&Told::from, from), Field(&Told::to, to),
                 Field(&Told::to_port, port));
}

class PolicyTrace : public PolicyFelix {
protected:
    PolicyTrace() {
        apply({pods("friends", {a_, a6_})},
              {rules("a", Rules::open(), Rules::open()),
               rules("b", Rules::only("friends", {set_id("friends")}), Rules::open())});
    }
    std::string container(const std::string& name) {
        return cluster_.pod("x/" + name).endpoint.container_id();
    }
    // The pod's table is inside it from now on, as that of pods without a link on the host.
    void move_inside(const std::string& name) {
        auto& of = cluster_.pod("x/" + name);
        cluster_.on_node(of.node, [&] {
            cluster_.module(of.node).detach_policy(of.endpoint);
            of.made.host_ifindex = 0;
            cluster_.module(of.node).attach_policy(of.endpoint, of.made);
        });
    }
    std::vector<std::string> denied_lines() {
        std::vector<std::string> lines;
        for (const auto& line : cluster_.host().log_lines()) {
            if (line.text.starts_with("denied: ")) {
                lines.push_back(line.text);
            }
        }
        return lines;
    }
    template <class Matcher>
    bool hears(Trace& trace, const Matcher& matcher) {
        return eventually([&] {
            const auto told = trace.told();
            return std::any_of(told.begin(), told.end(),
                               [&](const auto& each) { return testing::Value(each, matcher); });
        });
    }
};

TEST_F(PolicyTrace, WhatIsAllowedAndWhatIsDeniedIsTold) {
    Trace trace(cluster_, "n1");
    ASSERT_THAT(trace.failure(), IsEmpty());
    EXPECT_TRUE(passes(pod("a"), b_));
    EXPECT_TRUE(passes(pod("a"), b6_));
    EXPECT_FALSE(leaks(pod("a"), b_, kShut));
    const auto a = container("a");
    const auto b = container("b");
    EXPECT_TRUE(hears(trace, is(a, TWY_EGRESS, TWY_ALLOW, a_.text(), b_.text(), kOpen)));
    EXPECT_TRUE(hears(trace, is(b, TWY_INGRESS, TWY_ALLOW, a_.text(), b_.text(), kOpen)));
    EXPECT_TRUE(hears(trace, is(b, TWY_INGRESS, TWY_ALLOW, a6_.text(), b6_.text(), kOpen)));
    EXPECT_TRUE(hears(trace, is(a, TWY_EGRESS, TWY_ALLOW, a_.text(), b_.text(), kShut)));
    EXPECT_TRUE(hears(trace, is(b, TWY_INGRESS, TWY_DENY, a_.text(), b_.text(), kShut)));
    const auto told = trace.told();
    EXPECT_THAT(told, Not(Contains(is(b, TWY_INGRESS, TWY_DENY, a_.text(), b_.text(), kOpen))));
    EXPECT_THAT(told, Not(Contains(Field(&Told::to, a_.text())))) << "answers";
    EXPECT_THAT(told, Contains(Field(&Told::protocol, 6)));
    EXPECT_THAT(told, Contains(Field(&Told::protocol, 17)));
    EXPECT_THAT(told, Not(Contains(Field(&Told::time_ns, 0U))));
}

TEST_F(PolicyTrace, AnOpenConnectionIsToldOnce) {
    Trace trace(cluster_, "n1");
    Udp client(pod("a").fd(), a_, 5001);
    Udp server(pod("b").fd(), b_, kOpen);
    client.send(b_, kOpen, "question");
    const auto asked = server.receive(patience());
    ASSERT_TRUE(asked);
    server.send(asked->from, asked->port, "answer");
    ASSERT_TRUE(client.receive(patience()));
    for (int i = 0; i < 20; ++i) {
        client.send(b_, kOpen, "more");
        ASSERT_TRUE(server.receive(patience()));
    }
    EXPECT_FALSE(leaks(pod("a"), b_, kShut));  // comes after all of those
    const auto b = container("b");
    ASSERT_TRUE(hears(trace, is(b, TWY_INGRESS, TWY_DENY, a_.text(), b_.text(), kShut)));
    const auto told = trace.told();
    EXPECT_EQ(std::count_if(told.begin(), told.end(),
                            [&](const auto& each) {
                                return testing::Value(each, is(b, TWY_INGRESS, TWY_ALLOW, a_.text(),
                                                               b_.text(), kOpen));
                            }),
              1);
}

TEST_F(PolicyTrace, ATableInsideAPodIsHeardToo) {
    move_inside("b");
    open_all();
    Trace trace(cluster_, "n1");
    ASSERT_THAT(trace.failure(), IsEmpty());
    apply({}, {rules("a", Rules::open(), Rules::open()),
               rules("b", Rules::nothing(), Rules::only("80", {}))});
    (void)reached(pod("b"), a_, kShut, kSilence);
    (void)reached(pod("b"), a_, kOpen, kSilence);
    const auto b = container("b");
    EXPECT_TRUE(hears(trace, is(b, TWY_EGRESS, TWY_DENY, b_.text(), a_.text(), kShut)));
    EXPECT_TRUE(hears(trace, is(b, TWY_EGRESS, TWY_ALLOW, b_.text(), a_.text(), kOpen)));
}

TEST_F(PolicyTrace, ATableThatComesDuringATraceIsHeardToo) {
    Trace trace(cluster_, "n1");
    move_inside("b");
    const auto b = container("b");
    EXPECT_TRUE(eventually([&] {
        (void)reached(pod("b"), a_, kShut, kSilence);
        return testing::Value(trace.told(),
                              Contains(is(b, TWY_EGRESS, TWY_DENY, b_.text(), a_.text(), kShut)));
    }));
}

TEST_F(PolicyTrace, SeveralMayListenAndOneThatLeavesDisturbsNobody) {
    Trace one(cluster_, "n1");
    {
        Trace other(cluster_, "n1");
        EXPECT_FALSE(leaks(pod("a"), b_, kShut));
        const auto denied = is(container("b"), TWY_INGRESS, TWY_DENY, a_.text(), b_.text(), kShut);
        EXPECT_TRUE(hears(one, denied));
        EXPECT_TRUE(hears(other, denied));
    }
    EXPECT_TRUE(passes(pod("a"), b_));
    EXPECT_TRUE(
        hears(one, is(container("b"), TWY_INGRESS, TWY_ALLOW, a_.text(), b_.text(), kOpen)));
}

TEST_F(PolicyTrace, WhereSomebodyElseListensItSaysSo) {
    auto socket = netlink::Socket::in(cluster_.node("n1").fd(), NETLINK_NETFILTER);
    netlink::nft::LogSocket other(std::move(socket));
    other.listen(5450);
    Trace trace(cluster_, "n1");
    EXPECT_FALSE(trace.is_listening());
    EXPECT_THAT(trace.failure(), HasSubstr("log group 5450"));
}

TEST_F(PolicyTrace, DeniedPacketsAreLoggedWhereThatIsWantedButNotAFlood) {
    cluster_.configure(sdk::testing::ConfigTable().boolean("log_denied", true));
    cluster_.restart();
    constexpr int kFlood = 50;
    const Udp client(pod("a").fd(), a_, 5002);
    EXPECT_TRUE(eventually([&] {
        for (int i = 0; i < kFlood; ++i) {
            client.send(b_, static_cast<std::uint16_t>(kShut + i), "x");
        }
        return testing::Value(denied_lines(), Contains(HasSubstr("more packets, left out here")));
    }));
    const auto lines = denied_lines();
    EXPECT_THAT(lines.front(),
                AllOf(HasSubstr("denied: ingress of "), HasSubstr("10.7.0.1:5002 -> 10.7.0.2:")));
}

TEST_F(PolicyTrace, NothingIsLoggedElse) {
    Trace trace(cluster_, "n1");
    EXPECT_FALSE(leaks(pod("a"), b_, kShut));
    EXPECT_TRUE(
        hears(trace, is(container("b"), TWY_INGRESS, TWY_DENY, a_.text(), b_.text(), kShut)));
    EXPECT_THAT(denied_lines(), IsEmpty());
}

}  // namespace
}  // namespace terway::test
