#include "kube/feed.hpp"

#include <malloc.h>

#include <algorithm>

#include <gmock/gmock.h>

#include "kube/cache.hpp"
#include "kube/network_policy.hpp"
#include "kube_testing.hpp"

namespace terway::kube {
namespace {

using testing::HasSubstr;

class Feeds : public testing::Test {
protected:
    Words words_;
    Cache<Pod> cache_{words_, {}};
};

TEST_F(Feeds, ReadAListFromPiecesOfAnySize) {
    const auto text = list_json({pod_json("a", "1"), pod_json("b", "2")}, "7", "token==");
    for (const std::size_t piece : {1U, 10U, 100'000U}) {
        ListReader reader(cache_);
        cache_.begin_list();
        for (std::size_t at = 0; at < text.size(); at += piece) {
            reader.feed(std::string_view(text).substr(at, piece));
        }
        reader.finish();
        EXPECT_EQ(reader.version(), "7");
        EXPECT_EQ(reader.next_page(), "token==");
        EXPECT_EQ(cache_.size(), 2U);
    }
}

TEST_F(Feeds, ReadAnEmptyListWithoutItems) {
    ListReader reader(cache_);
    reader.feed(R"({"kind":"PodList","metadata":{"resourceVersion":"9"},"items":null})");
    reader.finish();
    EXPECT_EQ(reader.version(), "9");
}

TEST_F(Feeds, PassOnThatAPartIsOfAnotherType) {
    Cache<NetworkPolicy> policies(words_, {});
    const auto bad = [](const std::string& name) {
        return R"({"metadata":{"name":")" + name +
               R"(","namespace":"x","resourceVersion":"7"},"spec":{"ingress":[{"from":"all"}]}})";
    };
    ListReader list(policies);
    policies.begin_list();
    list.feed(list_json({bad("listed")}, "7"));
    WatchReader watch(policies, "7");
    watch.feed(event_json("ADDED", bad("watched")));
    for (const auto* const name : {"listed", "watched"}) {
        ASSERT_NE(policies.get({"x", name}), nullptr);
        EXPECT_TRUE(policies.get({"x", name})->is_bad) << name;
    }
}

TEST_F(Feeds, RefuseWhatIsNoList) {
    ListReader reader(cache_);
    reader.feed(status_json(200, "", "fine"));
    EXPECT_THAT(complaint_of([&] { reader.finish(); }), HasSubstr("not a list but Status"));
}

TEST_F(Feeds, RefuseAnObjectWithoutAName) {
    ListReader reader(cache_);
    EXPECT_THAT(complaint_of([&] { reader.feed(list_json({R"({"metadata":{}})"}, "1")); }),
                HasSubstr("without a name"));
}

TEST_F(Feeds, FollowTheEventsOfAWatch) {
    WatchReader reader(cache_, "5");
    reader.feed(event_json("ADDED", pod_json("a", "6")) + event_json("ADDED", pod_json("b", "7")));
    EXPECT_EQ(reader.version(), "7");
    reader.feed(event_json("MODIFIED", pod_json("a", "8")));
    EXPECT_EQ(cache_.get({"default", "a"})->meta.version, "8");
    reader.feed(event_json("DELETED", pod_json("b", "9")));
    EXPECT_EQ(cache_.get({"default", "b"}), nullptr);
    EXPECT_EQ(reader.version(), "9");
    EXPECT_EQ(reader.events(), 4U);
    EXPECT_FALSE(reader.error());
}

TEST_F(Feeds, DoNotMindTheOrderOfMembers) {
    WatchReader reader(cache_, "5");
    reader.feed(R"({"object":)" + pod_json("a", "6") + R"(,"type":"ADDED"})");
    EXPECT_EQ(cache_.size(), 1U);
}

TEST_F(Feeds, TakeOnlyTheVersionFromABookmark) {
    WatchReader reader(cache_, "5");
    reader.feed(event_json("BOOKMARK", R"({"kind":"Pod","metadata":{"resourceVersion":"1000"}})"));
    EXPECT_EQ(reader.version(), "1000");
    EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(Feeds, KeepTheErrorThatEndsAWatch) {
    WatchReader reader(cache_, "5");
    reader.feed(event_json("ADDED", pod_json("a", "6")) +
                event_json("ERROR", status_json(410, "Expired", "too old resource version")) +
                event_json("ADDED", pod_json("b", "7")));
    ASSERT_TRUE(reader.error());
    EXPECT_EQ(reader.error()->code, 410);
    EXPECT_EQ(reader.error()->text(), "410 Expired: too old resource version");
    EXPECT_EQ(reader.version(), "6");
    EXPECT_EQ(cache_.size(), 1U) << "what follows an error is not read";
}

TEST_F(Feeds, RefuseAnUnknownEvent) {
    WatchReader reader(cache_, "5");
    EXPECT_THAT(complaint_of([&] { reader.feed(event_json("MOVED", pod_json("a", "6"))); }),
                HasSubstr("\"MOVED\""));
}

// Bytes of the heap in use; 0 where a sanitizer has a heap of its own.
std::size_t in_use() {
    return ::mallinfo2().uordblks;
}

TEST_F(Feeds, HoldNoLargeObject) {
    WatchReader reader(cache_, "5");
    const auto before = in_use();
    auto peak = before;
    const auto feed = [&](std::string_view bytes) {
        reader.feed(bytes);
        peak = std::max(peak, in_use());
    };
    feed(
        R"({"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"6","managedFields":[)");
    for (int i = 0; i < 10; ++i) {
        feed(R"({"long":")");
        for (int piece = 0; piece < 256; ++piece) {
            static const std::string kPiece(4096, 'x');
            feed(kPiece);
        }
        feed(R"(","many":{"f:x":[1,2,3]}},)");
    }
    feed("null]}}}");
    EXPECT_EQ(cache_.size(), 1U);
    EXPECT_LT(peak - before, 64U << 10U);
}

}  // namespace
}  // namespace terway::kube
