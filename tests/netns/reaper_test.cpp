#include "endpoint/reaper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>

#include "base/netns.hpp"
#include "netlink/link.hpp"

namespace terway::endpoint {
namespace {

using std::chrono::seconds;

class ReaperTest : public ::testing::Test {
protected:
    std::uint32_t veth(const std::string& name) {
        netlink::create_veth(socket_, {.name = name}, {.name = "p" + name});
        return netlink::find_link(socket_, name)->index;
    }
    std::vector<std::string> names() {
        std::vector<std::string> all;
        for (const auto& link : netlink::links(socket_)) {
            all.push_back(link.name);
        }
        return all;
    }

    Netns host_ = Netns::create();
    NetnsScope inside_{host_.fd()};
    netlink::Socket socket_;
    Metrics metrics_;
};

TEST_F(ReaperTest, DeletesRetiredLinksAndNoOthers) {
    Reaper reaper(metrics_);
    veth("kept");
    for (int i = 0; i < 20; ++i) {
        reaper.retire(veth("v" + std::to_string(i)));
    }
    EXPECT_TRUE(reaper.await(after(seconds(20))));
    EXPECT_THAT(names(), ::testing::UnorderedElementsAre("lo", "kept", "pkept"));
}

TEST_F(ReaperTest, StampsALinkBeforeRetireReturns) {
    Reaper reaper(metrics_);
    const auto index = veth("v");
    reaper.retire(index);
    const auto link = netlink::find_link(socket_, index);
    EXPECT_TRUE(!link || link->group == TWY_RETIRED_LINK_GROUP);
}

TEST_F(ReaperTest, DeletesWhatAnEarlierProcessLeft) {
    netlink::change_link(socket_, veth("left"), {.group = TWY_RETIRED_LINK_GROUP});
    Reaper reaper(metrics_);
    EXPECT_TRUE(reaper.await(after(seconds(20))));
    EXPECT_THAT(names(), ::testing::UnorderedElementsAre("lo"));
}

TEST_F(ReaperTest, ALinkThatVanishedIsNoError) {
    Reaper reaper(metrics_);
    reaper.retire(4711);
    EXPECT_TRUE(reaper.await(after(seconds(20))));
}

TEST_F(ReaperTest, ReleasesAddressesOnceTheLinksAreGone) {
    Reaper reaper(metrics_);
    const auto index = veth("v");
    const std::vector<IpAddress> addresses{IpAddress::parse("10.0.0.1").value()};
    std::promise<bool> gone;
    reaper.on_release([&](const auto& released) {
        const NetnsScope scope(host_.fd());
        netlink::Socket socket;
        gone.set_value(released == addresses && !netlink::find_link(socket, index));
    });
    reaper.retire(index);
    reaper.release_after_retired(addresses);
    auto future = gone.get_future();
    ASSERT_EQ(future.wait_for(seconds(20)), std::future_status::ready);
    EXPECT_TRUE(future.get());
}

TEST_F(ReaperTest, ReleasesAddressesAtOnceWhenNoLinkIsRetired) {
    Reaper reaper(metrics_);
    ASSERT_TRUE(reaper.await(after(seconds(20))));
    const std::vector<IpAddress> addresses{IpAddress::parse("10.0.0.1").value()};
    std::vector<IpAddress> released;
    reaper.on_release([&](const auto& some) { released = some; });
    reaper.release_after_retired(addresses);
    EXPECT_EQ(released, addresses);
}

TEST_F(ReaperTest, ReleasesNothingAnyMoreOnceFinished) {
    Reaper reaper(metrics_);
    reaper.on_release([&](const auto&) { ADD_FAILURE() << "released"; });
    reaper.finish();
    reaper.retire(veth("v"));
    reaper.release_after_retired({IpAddress::parse("10.0.0.1").value()});
}

}  // namespace
}  // namespace terway::endpoint
