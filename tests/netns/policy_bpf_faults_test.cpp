// policy-bpf finds its programs and maps damaged by somebody, or others' beside them.
#include <bpf/bpf.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <thread>

#include "policy_bpf_node.hpp"

namespace terway::test {
namespace {

using netlink::Hook;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace fs = std::filesystem;

constexpr std::array kHooks{Hook::Ingress, Hook::Egress};

class PolicyBpfFaults : public PolicyBpfNode {
protected:
    PolicyBpfFaults() { guard({a_, a6_}); }

    void remove_ours(const std::string& name, Hook hook) {
        auto netlink = socket();
        for (const auto& filter : ours(name, hook)) {
            ASSERT_TRUE(netlink::remove_filter(netlink, link(name), filter));
        }
    }
    void detach(const std::string& name) {
        auto& of = cluster_.pod("x/" + name);
        cluster_.on_node("n1", [&] { cluster_.module("n1").detach_policy(of.endpoint); });
    }
    void attach(const std::string& name) {
        auto& of = cluster_.pod("x/" + name);
        cluster_.on_node("n1", [&] { cluster_.module("n1").attach_policy(of.endpoint, of.made); });
    }
    // The pods go on while the maps are lost and others are made.
    void expect_no_gap(const std::function<void()>& damage) {
        const Stream open(pod("a").fd(), pod("b").fd(), b_, patience(), kOpen);
        ASSERT_TRUE(open.carries("before"));
        cluster_.restart(damage);
        EXPECT_TRUE(open.carries("by the programs of before"));
        EXPECT_THAT(check("b"), IsEmpty());
        expect_guarded();
        guard({a_, a6_});
        EXPECT_TRUE(open.carries("by those of now"));
        EXPECT_THAT(check("b"), IsEmpty());
        expect_guarded();
        guard({});
        EXPECT_TRUE(eventually([&] { return !open.carries("cut", kSilence); }));
        EXPECT_FALSE(leaks(pod("a"), b_));
        expect_closed_to_others();
    }
};

TEST_F(PolicyBpfFaults, AFilterThatSomebodyTookAwayIsMissedAndPutBack) {
    for (const auto hook : kHooks) {
        const auto before = filters("b", hook);
        ASSERT_THAT(before, SizeIs(1));
        EXPECT_THAT(check("b"), IsEmpty());
        remove_ours("b", hook);
        EXPECT_THAT(check("b"), AllOf(HasSubstr("is missing"),
                                      HasSubstr(cluster_.pod("x/b").endpoint.host_ifname())));
        EXPECT_THAT(check("a"), IsEmpty());
        adopt("b");
        EXPECT_THAT(check("b"), IsEmpty());
        const auto after = filters("b", hook);
        ASSERT_THAT(after, SizeIs(1));
        EXPECT_EQ(after[0].program.value().id, before[0].program.value().id);
        expect_guarded();
    }
}

TEST_F(PolicyBpfFaults, BothFiltersAndTheQdiscArePutBack) {
    auto netlink = socket();
    ASSERT_TRUE(netlink::remove_clsact(netlink, link("b")));
    EXPECT_THAT(check("b"), HasSubstr("is missing"));
    adopt("b");
    EXPECT_THAT(check("b"), IsEmpty());
    expect_guarded();
    detach("b");
    EXPECT_TRUE(netlink::ensure_clsact(netlink, link("b"))) << "it went with the filters";
}

TEST_F(PolicyBpfFaults, AFilterThatStandsForAnotherPodIsMissedAndPutBack) {
    auto netlink = socket();
    auto filter = ours("b", Hook::Egress).at(0);
    const Fd program(::bpf_prog_get_fd_by_id(filter.program.value().id));
    ASSERT_TRUE(program);
    const auto right = filter.flow;
    filter.flow = ours("a", Hook::Egress).at(0).flow;
    ASSERT_NE(filter.flow, right);
    filter.program->fd = program.get();
    netlink::set_filter(netlink, link("b"), filter);
    EXPECT_THAT(check("b"), HasSubstr("is missing"));
    adopt("b");
    EXPECT_THAT(check("b"), IsEmpty());
    EXPECT_EQ(ours("b", Hook::Egress).at(0).flow, right);
    expect_guarded();
}

TEST_F(PolicyBpfFaults, APodWhoseElementWasClearedIsClosedAndMissed) {
    const auto settings = layout() / "endpoints";
    const Fd endpoints(::bpf_obj_get(settings.c_str()));
    ASSERT_TRUE(endpoints);
    const policy_endpoint nothing{};
    for (std::uint32_t index = 0; index < POLICY_ENDPOINTS; ++index) {
        ASSERT_EQ(::bpf_map_update_elem(endpoints.get(), &index, &nothing, BPF_ANY), 0);
    }
    EXPECT_FALSE(leaks(pod("a"), b_));
    EXPECT_THAT(check("b"), HasSubstr("was cleared"));
}

TEST_F(PolicyBpfFaults, WhoRemovesThePinsOpensNothingAndBreaksNoConnection) {
    expect_no_gap([] {
        for (const auto& directory : pins()) {
            fs::remove_all(directory);
        }
    });
    EXPECT_THAT(pins(), SizeIs(1));
}

TEST_F(PolicyBpfFaults, OnePinThatIsMissingIsAsIfAllWere) {
    expect_no_gap([] { fs::remove(layout() / "blocks"); });
}

TEST_F(PolicyBpfFaults, PinnedMapsOfAnotherLayoutAreReplaced) {
    expect_no_gap([] {
        const auto members = layout() / "members";
        const Fd other(::bpf_map_create(BPF_MAP_TYPE_HASH, "members", 4, 4, kSize, nullptr));
        ASSERT_TRUE(other);
        fs::remove(members);
        ASSERT_EQ(::bpf_obj_pin(other.get(), members.c_str()), 0);
    });
}

TEST_F(PolicyBpfFaults, MapsOfAnotherNamespaceWithThisNumberAreNotTakenOver) {
    expect_no_gap([] {
        const auto settings = layout() / "settings";
        const Fd map(::bpf_obj_get(settings.c_str()));
        ASSERT_TRUE(map);
        const std::uint32_t first = 0;
        policy_settings facts{};
        ASSERT_EQ(::bpf_map_lookup_elem(map.get(), &first, &facts), 0);
        ++facts.netns;
        ASSERT_EQ(::bpf_map_update_elem(map.get(), &first, &facts, BPF_ANY), 0);
    });
}

TEST_F(PolicyBpfFaults, APurgeTakesThePinsOfAllLayoutsAway) {
    fs::create_directory(pins().at(0) / "policy-0");
    cluster_.on_node("n1", [&] { cluster_.module("n1").purge(); });
    EXPECT_THAT(pins(), IsEmpty());
}

TEST_F(PolicyBpfFaults, WhatDoesNotFitIsRefusedWithTheRemedyAndWhatWasInForceStays) {
    std::vector<IpAddress> many;
    for (unsigned i = 0; i < 2 * kSize; ++i) {
        many.push_back(address("172.16.0.0").plus(i));
    }
    for (int round = 0; round < 2; ++round) {
        try {
            guard(many, "many");
            ADD_FAILURE() << "they have room";
        } catch (const Error& error) {
            EXPECT_THAT(error.what(),
                        AllOf(HasSubstr("members is full"), HasSubstr("max_addresses"),
                              HasSubstr("what was in force stays")));
        }
        EXPECT_THAT(check("b"), IsEmpty());
        expect_guarded();
    }
    many.resize(kSize / 4);
    guard(many, "fewer");
    EXPECT_FALSE(leaks(pod("a"), b_));
    many.push_back(a_);
    guard(many, "fewer and one");
    EXPECT_TRUE(passes(pod("a"), b_, kOpen));
    expect_closed_to_others();
}

TEST_F(PolicyBpfFaults, AnAdditionThatDoesNotFitIsRefusedToo) {
    policy::SetChange more;
    more.id = set_id("friends");
    for (unsigned i = 0; i < 2 * kSize; ++i) {
        more.added.addresses.push_back(address("172.16.0.0").plus(i));
    }
    const auto members = pinned("members");
    ASSERT_EQ(count(members), 2U);
    EXPECT_THROW(apply({more}, {}, false), Error);
    EXPECT_EQ(count(members), 2U) << "not even some are let in";
    EXPECT_THROW(apply({}, {}, false), Error) << "a difference to what is not known";
    expect_guarded();
    guard({});
    EXPECT_FALSE(leaks(pod("a"), b_));
}

TEST_F(PolicyBpfFaults, TheFilterOfSomebodyElseStaysBesideOurs) {
    detach("b");
    auto netlink = socket();
    ASSERT_TRUE(netlink::ensure_clsact(netlink, link("b")));
    netlink::Filter theirs;
    theirs.hook = Hook::Ingress;
    theirs.priority = 100;
    theirs.protocol = ETH_P_IP;
    theirs.kind = "u32";
    theirs.source = address("198.51.100.1");
    theirs.flow = 0x10001;
    netlink::add_filter(netlink, link("b"), theirs);
    const auto has_theirs = [&] {
        const auto all = filters("b", Hook::Ingress);
        return std::count_if(all.begin(), all.end(),
                             [&](const auto& filter) { return filter.same_as(theirs); }) == 1;
    };
    ASSERT_TRUE(has_theirs());
    attach("b");
    EXPECT_TRUE(has_theirs());
    EXPECT_THAT(ours("b", Hook::Ingress), SizeIs(1));
    guard({a_, a6_});
    expect_guarded();
    EXPECT_THAT(check("b"), HasSubstr("stands before the policy program")) << "it may decide";
    detach("b");
    EXPECT_TRUE(has_theirs());
    EXPECT_THAT(ours("b", Hook::Ingress), IsEmpty());
    EXPECT_THAT(ours("b", Hook::Egress), IsEmpty());
}

TEST_F(PolicyBpfFaults, AFilterThatCameToOursKeepsTheQdisc) {
    auto netlink = socket();
    netlink::Filter theirs;
    theirs.hook = Hook::Egress;
    theirs.priority = 100;
    theirs.protocol = ETH_P_IP;
    theirs.kind = "u32";
    theirs.source = address("198.51.100.1");
    theirs.flow = 0x10001;
    netlink::add_filter(netlink, link("b"), theirs);
    detach("b");
    const auto left = filters("b", Hook::Egress);
    ASSERT_THAT(left, SizeIs(1));
    EXPECT_TRUE(left[0].same_as(theirs));
}

TEST_F(PolicyBpfFaults, TheEmptyQdiscOfSomebodyElseStays) {
    detach("b");
    auto netlink = socket();
    ASSERT_TRUE(netlink::ensure_clsact(netlink, link("b"))) << "ours went";
    attach("b");
    EXPECT_THAT(check("b"), IsEmpty());
    detach("b");
    EXPECT_FALSE(netlink::ensure_clsact(netlink, link("b")));
    EXPECT_THAT(filters("b", Hook::Ingress), IsEmpty());
    EXPECT_THAT(filters("b", Hook::Egress), IsEmpty());
}

// The calling thread's for good.
void drop_capabilities(std::initializer_list<unsigned> dropped) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    ASSERT_EQ(::syscall(SYS_capget, &header, data.data()), 0);
    for (const auto number : dropped) {
        data.at(number / 32).effective &= ~(1U << number % 32);
    }
    ASSERT_EQ(::syscall(SYS_capset, &header, data.data()), 0);
}

TEST_F(PolicyBpfFaults, WhereBpfIsNotPermittedPreflightAndStartSaySo) {
    const auto fails = [&](const std::function<void(sdk::testing::ModuleUnderTest&)>& verb) {
        std::string failure = "none";
        std::thread poor([&] {
            ASSERT_EQ(::setns(cluster_.node("n1").fd(), CLONE_NEWNET), 0);
            sdk::testing::ModuleUnderTest module(TERWAY_POLICY_BPF, cluster_.host());
            module.configure(config());
            drop_capabilities({CAP_SYS_ADMIN, CAP_BPF});
            try {
                verb(module);
            } catch (const Error& error) {
                failure = error.what();
            }
        });
        poor.join();
        return failure;
    };
    const auto says = AllOf(HasSubstr("BPF"), HasSubstr("not permitted"));
    EXPECT_THAT(fails([](auto& module) { module.preflight(); }), says);
    EXPECT_THAT(fails([](auto& module) { module.start(); }), says);
    EXPECT_THAT(check("b"), IsEmpty());
    expect_guarded();
}

}  // namespace
}  // namespace terway::test
