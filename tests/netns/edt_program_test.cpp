// The program of mode "edt" in this kernel's verifier, and its arithmetic, packet by packet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/netns.hpp"
#include "base/time.hpp"
#include "edt.hpp"
#include "netlink/link.hpp"
#include "netlink/tc.hpp"
#include "program.hpp"
#include "terway/error.hpp"

namespace terway::bandwidth_tc {
namespace {

constexpr std::uint64_t kSecond = EDT_SECOND;
constexpr std::uint64_t kHour = 3'600 * kSecond;

std::uint64_t now() {
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(Clock::now().time_since_epoch()).count());
}

edt_limits limits(std::uint64_t rate, std::uint64_t burst = 0, std::uint64_t queue = kHour) {
    return {rate, burst, queue, EDT_VERSION, kernel_tells_clock() ? 1U : 0U};
}

struct Verdict {
    std::uint32_t action = 0;
    std::uint64_t time = 0;
};

// `bytes` with all headers, as a GSO packet has them on the wire.
Verdict pass(const Fd& program, std::uint32_t bytes, std::uint64_t wish = 0) {
    std::array<std::uint8_t, 64> frame{};
    frame[12] = ETH_P_IP >> 8U;
    frame[14] = 0x45;
    __sk_buff context{};
    context.wire_len = bytes;
    context.tstamp = wish;
    __sk_buff after{};
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = frame.data();
    options.data_size_in = frame.size();
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    options.ctx_out = &after;
    options.ctx_size_out = sizeof after;
    if (const int error = ::bpf_prog_test_run_opts(program.get(), &options); error != 0) {
        throw system_error("run the program", -error);
    }
    return {options.retval, after.tstamp};
}

constexpr auto kOn = static_cast<std::uint32_t>(TC_ACT_UNSPEC);
constexpr std::uint32_t kDropped = TC_ACT_SHOT;

TEST(EdtProgram, LetsPacketsWithinTheBurstLeaveAtOnce) {
    const auto program = load_program(limits(1'000, kSecond), {});
    const auto before = now();
    const auto verdict = pass(program, 1'000);
    EXPECT_EQ(verdict.action, kOn);
    EXPECT_GE(verdict.time, before);
    EXPECT_LE(verdict.time, now());
    EXPECT_GT(pass(program, 1'000).time, before + kSecond - kSecond / 1'000) << "it is used up";
}

TEST(EdtProgram, LetsPacketsBeyondTheBurstLeaveOneAfterTheOtherAtTheRate) {
    const auto program = load_program(limits(1'000), {});
    const auto before = now();
    const auto first = pass(program, 1'000).time;
    EXPECT_GE(first, before + kSecond);
    EXPECT_LE(first, now() + kSecond);
    EXPECT_EQ(pass(program, 500).time, first + kSecond / 2);
    EXPECT_EQ(pass(program, 64).time, first + kSecond / 2 + 64 * kSecond / 1'000);
}

TEST(EdtProgram, MakesUpForNoMoreThanTheBurst) {
    edt_state begin{};
    begin.departure = 1;  // idle since the machine was started
    const auto program = load_program(limits(1'000'000, kSecond / 100), begin);
    const auto before = now();
    (void)pass(program, 1'000);
    const auto departure = read_program(program).value().state.departure;
    EXPECT_GE(departure, before - kSecond / 100 + kSecond / 1'000);
    EXPECT_LE(departure, now() - kSecond / 100 + kSecond / 1'000);
}

TEST(EdtProgram, KeepsFractionsOfNanoseconds) {
    edt_state begin{};
    begin.departure = now() + kHour / 2;
    const auto program = load_program(limits(12'500'000'000), begin);  // 100 Gbit/s
    std::uint64_t last = 0;
    for (int i = 0; i < 100; ++i) {
        last = pass(program, 1'514).time;
    }
    EXPECT_EQ(last, begin.departure + 12'112) << "each takes 121.12 ns";
}

TEST(EdtProgram, OverflowsNeitherAtTheLeastRateNorAtTheMost) {
    constexpr std::uint32_t kLargest = 65'536;
    edt_state begin{};
    begin.departure = now() + kHour / 2;
    begin.rest = 999;
    const auto slow = load_program(limits(1'000), begin);
    EXPECT_EQ(pass(slow, kLargest).time, begin.departure + kLargest * (kSecond / 1'000));
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() / 8 * 3;
    begin.rest = kMost - 1;
    const auto fast = load_program(limits(kMost), begin);
    EXPECT_EQ(pass(fast, kLargest).time, begin.departure + 1);
    EXPECT_EQ(read_program(fast).value().state.rest, kLargest * kSecond - 1);
}

TEST(EdtProgram, DropsWhatWouldLeaveTooLateAndGivesItNoTurn) {
    const auto program = load_program(limits(1'000, 0, 10 * kSecond), {});
    const auto first = pass(program, 6'000);
    EXPECT_EQ(first.action, kOn);
    EXPECT_EQ(pass(program, 6'000).action, kDropped);
    EXPECT_EQ(pass(program, 1'000).time, first.time + kSecond);
    const auto state = read_program(program).value().state;
    EXPECT_EQ(state.packets, 2U);
    EXPECT_EQ(state.bytes, 7'000U);
    EXPECT_EQ(state.drops, 1U);
}

TEST(EdtProgram, HearsWhenASenderWantsToSendButKeepsNobodyElseWaiting) {
    const auto program = load_program(limits(1'000'000, kSecond, kHour), {});
    const auto wish = now() + kHour / 2;
    EXPECT_EQ(pass(program, 1'000, wish).time, wish);
    EXPECT_LT(pass(program, 1'000).time, wish);
    EXPECT_LT(pass(program, 1'000, now() + 2 * kHour).time, wish) << "nobody may wait so long";
    EXPECT_GT(pass(program, 1'000, 1).time, 1U) << "a wish of the past is none";
}

TEST(EdtProgram, WorksWhereAClockCannotBeTold) {
    auto old = limits(1'000);
    old.tells_clock = 0;
    const auto program = load_program(old, {});
    const auto first = pass(program, 1'000).time;
    EXPECT_EQ(pass(program, 1'000).time, first + kSecond);
}

TEST(EdtProgram, IsReadAsItWasLoaded) {
    edt_state begin{};
    begin.departure = 1;
    begin.rest = 2;
    begin.bytes = 3;
    begin.packets = 4;
    begin.drops = 5;
    const auto given = limits(12'345, 67, 89);
    const auto read = read_program(load_program(given, begin)).value();
    EXPECT_EQ(std::memcmp(&read.limits, &given, sizeof given), 0);
    EXPECT_EQ(std::memcmp(&read.state, &begin, sizeof begin), 0);
    EXPECT_FALSE(read_program(std::numeric_limits<std::uint32_t>::max()));
}

// Of a filter, all that does not need fq.
TEST(EdtProgram, LivesInAFilterWhichAnotherReplacesInOneStep) {
    const auto netns = Netns::create();
    auto socket = netlink::Socket::in(netns.fd());
    netlink::create_veth(socket, {.name = "here"}, {.name = "there"});
    const auto link = netlink::find_link(socket, "here").value().index;
    ASSERT_TRUE(netlink::ensure_clsact(socket, link));
    netlink::Filter filter;
    filter.hook = netlink::Hook::Egress;
    filter.priority = 7;
    filter.protocol = ETH_P_ALL;
    filter.handle = 1;
    filter.kind = "bpf";
    filter.flow = 0x10001;
    std::uint32_t first = 0;
    for (const std::uint64_t rate : {1'000U, 2'000U}) {
        const auto program = load_program(limits(rate), {});
        filter.program = netlink::Program{program.get(), 0, "a name"};
        netlink::set_filter(socket, link, filter);
        const auto all = netlink::filters(socket, link, netlink::Hook::Egress);
        ASSERT_EQ(all.size(), 1U);
        EXPECT_TRUE(all[0].same_as(filter));
        EXPECT_EQ(read_program(all[0].program.value().id).value().limits.rate, rate);
        EXPECT_NE(all[0].program->id, first);
        first = all[0].program->id;
    }
    EXPECT_TRUE(read_program(first)) << "the filter keeps it";
    EXPECT_THROW(netlink::add_filter(socket, link, filter), Error) << "there is one";
    EXPECT_TRUE(netlink::remove_filter(socket, link, filter));
    EXPECT_TRUE(netlink::filters(socket, link, netlink::Hook::Egress).empty());
}

}  // namespace
}  // namespace terway::bandwidth_tc
