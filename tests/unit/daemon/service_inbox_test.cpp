#include "daemon/service_inbox.hpp"

#include <gtest/gtest.h>

#include "../service/service_testing.hpp"

namespace terway::daemon {
namespace {

using namespace std::chrono_literals;
using service::ObjectName;
using service::ServiceMaker;
using service::SliceMaker;
using Kind = ServiceInbox::Kind;

TEST(ServiceInbox, HasAnObjectOnceAsItIsNow) {
    ServiceInbox inbox;
    const service::Index::ServicePtr first = ServiceMaker("web").at("10.96.0.1");
    const service::Index::ServicePtr second = ServiceMaker("web").at("10.96.0.2");
    inbox.put(first);
    inbox.put(second);
    inbox.put(service::SlicePtr(SliceMaker("web", "web")));
    inbox.put(service::SlicePtr(SliceMaker("old", "web")));
    inbox.drop(*service::SlicePtr(SliceMaker("old", "web")));
    EXPECT_EQ(inbox.size(), 3U);
    const auto news = inbox.take({}, after(1h));
    EXPECT_EQ(news.services.at(ObjectName{"shop", "web"}), second);
    EXPECT_NE(news.slices.at(ObjectName{"shop", "web"}), nullptr);
    EXPECT_EQ(news.slices.at(ObjectName{"shop", "old"}), nullptr);
    EXPECT_FALSE(news.facts);
    EXPECT_FALSE(news.is_synced);
    EXPECT_EQ(inbox.size(), 0U);
}

TEST(ServiceInbox, IsSyncedWhenAListOfEachKindIsIn) {
    ServiceInbox inbox;
    inbox.synced(Kind::Services);
    inbox.synced(Kind::Node);
    inbox.tell({"n1", "a", {}});
    EXPECT_FALSE(inbox.take({}, after(1h)).is_synced);
    inbox.synced(Kind::Slices);
    EXPECT_TRUE(inbox.take({}, after(1h)).is_synced) << "which alone is news";
    EXPECT_EQ(inbox.take({}, Clock::now()).size(), 0U);
}

TEST(ServiceInbox, KnowsWhyThereIsNoList) {
    ServiceInbox inbox;
    inbox.refused(Kind::Slices, "forbidden");
    EXPECT_EQ(inbox.refusal(), "forbidden");
    inbox.synced(Kind::Slices);
    EXPECT_EQ(inbox.refusal(), "");
    inbox.refused(Kind::Slices, "forbidden");
    EXPECT_EQ(inbox.refusal(), "") << "what was told is still known";
}

TEST(ServiceInbox, GivesNothingWhenItIsStopped) {
    ServiceInbox inbox;
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(inbox.take(stop.get_token(), after(1h)).size(), 0U);
}

}  // namespace
}  // namespace terway::daemon
