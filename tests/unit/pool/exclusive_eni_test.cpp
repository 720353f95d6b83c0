#include <gmock/gmock.h>

#include "fakes/fake_node.hpp"
#include "pool/eni_audit.hpp"
#include "terway/error.hpp"

namespace terway::pool {
namespace {

using fakes::FakeNode;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::SizeIs;

EniSettings settings() {
    EniSettings out;
    out.exclusive = true;
    out.min_idle = 1;
    out.max_idle = 1;
    out.vswitches = {"vsw-1"};
    out.instance = "i-1";
    out.nic_returns_within = {};
    return out;
}

// The instance type of FakeNode takes three ENIs besides the primary one.
class ExclusiveEniTest : public testing::Test {
protected:
    explicit ExclusiveEniTest(const EniSettings& wanted = settings()) : node_(wanted) {
        node_.cloud.add_vswitch("vsw-1", 1000);
        node_.start();
        node_.resync();
        node_.settle();
    }
    // With its NIC, as ADD does.
    Mac add(const std::string& owner) {
        node_.add(owner);
        const auto mac = node_.records.at(owner).eni->mac;
        node_.nics.take(mac);
        node_.settle();
        return mac;
    }
    void remove(const std::string& owner) {
        node_.remove(owner);
        node_.settle();
    }
    [[nodiscard]] DeviceCount count() { return node_.pool->picture().exclusive_enis.value(); }

    FakeNode node_;
};

TEST_F(ExclusiveEniTest, KeepsOneWarmWithNothingButItsPrimaryAddress) {
    ASSERT_THAT(node_.cloud.enis(), SizeIs(1));
    const auto eni = node_.cloud.enis().front();
    EXPECT_THAT(eni.ipv4, SizeIs(1));
    EXPECT_EQ(eni.tags.at("terway.use"), "exclusive-eni");
    EXPECT_EQ(count(), (DeviceCount{3, 0, 1}));
}

TEST_F(ExclusiveEniTest, EachEndpointHasAnEniOfItsOwnAndTheNextIsMadeAtOnce) {
    add("a");
    add("b");
    add("c");
    EXPECT_THAT(node_.cloud.enis(), SizeIs(3));
    EXPECT_NE(node_.records["a"].eni->id, node_.records["b"].eni->id);
    EXPECT_NE(node_.records["b"].eni->id, node_.records["c"].eni->id);
    EXPECT_EQ(node_.records["a"].addresses.size(), 1U);
    EXPECT_EQ(count(), (DeviceCount{3, 3, 0}));
    EXPECT_THROW((void)node_.pool->lease({"d", {}}, {}, after(seconds(0))), Error);
    EXPECT_FALSE(node_.cloud.quota_was_exceeded());
}

TEST_F(ExclusiveEniTest, AnEniIsGivenOutAgainOnceItsNicIsBackAndReady) {
    const auto mac = add("a");
    const auto id = node_.records["a"].eni->id;
    const auto before = node_.nics.preparations();
    remove("a");
    node_.advance(seconds(31));
    node_.settle();
    EXPECT_EQ(node_.nics.preparations(), before) << "the NIC is not back yet";
    node_.nics.put_back(mac);
    node_.advance(seconds(10));
    node_.settle();
    EXPECT_EQ(node_.nics.preparations(), before + 1);
    bool again = false;
    for (const auto* owner : {"b", "c"}) {
        node_.add(owner);
        if (node_.records[owner].eni->id == id) {
            again = true;
            EXPECT_GT(node_.records[owner].eni->ifindex, 1000U) << "its index of now";
        }
    }
    EXPECT_TRUE(again);
}

TEST_F(ExclusiveEniTest, AnEniWhoseNicNeverComesBackIsReplaced) {
    add("a");
    const auto id = node_.records["a"].eni->id;
    remove("a");
    for (int i = 0; i < 10; ++i) {
        node_.advance(minutes(1));
        node_.settle();
    }
    for (const auto& eni : node_.cloud.enis()) {
        EXPECT_NE(eni.id, id);
    }
    EXPECT_EQ(count().warm, 1U);
}

TEST_F(ExclusiveEniTest, ARestartLeavesAnEniInUseAlone) {
    const auto mac = add("a");
    const auto before = node_.nics.preparations();
    node_.start();
    node_.resync();
    node_.settle();
    EXPECT_EQ(node_.nics.preparations(), before + 1) << "that of the warm one";
    EXPECT_EQ(count(), (DeviceCount{3, 1, 1}));
    EXPECT_EQ(node_.pool->lease({"a", {}}, {}, Deadline::min()).eni->mac, mac)
        << "the same endpoint may be built anew";
    node_.nics.put_back(mac);
    remove("a");
    node_.advance(seconds(31));
    node_.settle();
    EXPECT_EQ(count().allocated, 0U);
    EXPECT_EQ(count().warm, 2U);
}

TEST_F(ExclusiveEniTest, WhatIsWarmBeyondTheMarkGoesBackToTheCloud) {
    const auto a = add("a");
    const auto b = add("b");
    node_.nics.put_back(a);
    node_.nics.put_back(b);
    remove("a");
    remove("b");
    node_.advance(seconds(31));
    node_.settle();
    EXPECT_EQ(count().warm, 3U);
    node_.advance(minutes(11));
    node_.settle();
    node_.advance(minutes(11));
    node_.settle();
    EXPECT_EQ(count().warm, 1U);
    EXPECT_THAT(node_.cloud.enis(), SizeIs(1));
}

TEST_F(ExclusiveEniTest, AFurtherAddressOnAnEniIsNobodys) {
    add("a");
    (void)node_.cloud.add_address(node_.records["a"].eni->id);
    node_.resync();
    node_.resync();
    node_.resync();
    EXPECT_EQ(count(), (DeviceCount{3, 1, 1}));
}

TEST(EniUse, SharedAndExclusivePoolsLeaveEachOthersEnisAlone) {
    auto exclusive = settings();
    auto shared = settings();
    shared.exclusive = false;
    const cloud::Tags whole{{"creator", "terway"}, {"terway.use", "exclusive-eni"}};
    const cloud::Tags plain{{"creator", "terway"}};
    EXPECT_TRUE(exclusive.has_use(whole));
    EXPECT_FALSE(exclusive.has_use(plain));
    EXPECT_TRUE(shared.has_use(plain));
    EXPECT_FALSE(shared.has_use(whole));
    cloud::Eni eni;
    eni.type = cloud::EniType::Secondary;
    eni.tags = whole;
    EXPECT_TRUE(EniAudit(exclusive).is_usable(eni));
    EXPECT_FALSE(EniAudit(shared).is_usable(eni));
}

class DualStackExclusiveEniTest : public ExclusiveEniTest {
protected:
    static EniSettings both() {
        auto out = settings();
        out.families = Families::Dual;
        return out;
    }
    DualStackExclusiveEniTest() : ExclusiveEniTest(both()) {}
};

TEST_F(DualStackExclusiveEniTest, AnEniHasOneAddressOfEachFamily) {
    add("a");
    ASSERT_EQ(node_.records["a"].addresses.size(), 2U);
    EXPECT_TRUE(node_.records["a"].addresses[0].is_v4());
    EXPECT_FALSE(node_.records["a"].addresses[1].is_v4());
    EXPECT_EQ(count(), (DeviceCount{3, 1, 1}));
}

}  // namespace
}  // namespace terway::pool
