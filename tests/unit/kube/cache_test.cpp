#include "kube/cache.hpp"

#include <future>

#include <gmock/gmock.h>

#include "kube_testing.hpp"

namespace terway::kube {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

// A cache that is fed by hand, and what its handlers heard.
class CacheOfPods : public testing::Test {
protected:
    Handlers<Pod> handlers() {
        Handlers<Pod> handlers;
        handlers.added = [this](const auto& pod) { note("+", *pod); };
        handlers.changed = [this](const auto& before, const auto& now) {
            EXPECT_EQ(before->meta.name, now->meta.name);
            note("~", *now);
        };
        handlers.deleted = [this](const auto& pod) { note("-", *pod); };
        handlers.synced = [this] { heard_.emplace_back("synced"); };
        return handlers;
    }
    void note(const std::string& sign, const Pod& pod) {
        heard_.push_back(sign + pod.meta.name.text() + "@" + pod.meta.version.text());
    }
    void list(const std::vector<std::string>& items) {
        cache_.begin_list();
        ListReader reader(cache_);
        reader.feed(list_json(items, "100"));
        reader.finish();
        cache_.end_list();
    }
    void event(const std::string& type, const std::string& object) {
        WatchReader reader(cache_, "1");
        reader.feed(event_json(type, object));
    }
    [[nodiscard]] std::vector<std::string> heard() { return std::exchange(heard_, {}); }

    std::vector<std::string> heard_;
    Words words_;
    Cache<Pod> cache_{words_, handlers()};
};

TEST_F(CacheOfPods, TellsWhatAListBrings) {
    EXPECT_FALSE(cache_.synced());
    list({pod_json("a", "1"), pod_json("b", "2")});
    EXPECT_THAT(heard(), ElementsAre("+a@1", "+b@2", "synced"));
    EXPECT_TRUE(cache_.synced());
    EXPECT_EQ(cache_.all().size(), 2U);
}

TEST_F(CacheOfPods, TellsOnlyWhatAnotherListChanges) {
    list({pod_json("a", "1"), pod_json("b", "2"), pod_json("c", "3")});
    (void)heard();
    list({pod_json("a", "1"), pod_json("b", "5"), pod_json("d", "6")});
    EXPECT_THAT(heard(), UnorderedElementsAre("~b@5", "+d@6", "-c@3", "synced"));
    EXPECT_EQ(cache_.size(), 3U);
}

TEST_F(CacheOfPods, DropsNothingForAListThatDidNotEnd) {
    list({pod_json("a", "1"), pod_json("b", "2")});
    cache_.begin_list();
    list({pod_json("b", "2")});
    EXPECT_EQ(cache_.get({"default", "a"}), nullptr);
    EXPECT_NE(cache_.get({"default", "b"}), nullptr);
}

TEST_F(CacheOfPods, FollowsEvents) {
    list({});
    (void)heard();
    event("ADDED", pod_json("a", "1"));
    event("MODIFIED", pod_json("a", "2"));
    event("DELETED", pod_json("a", "3"));
    event("DELETED", pod_json("a", "3"));
    EXPECT_THAT(heard(), ElementsAre("+a@1", "~a@2", "-a@2"));
}

TEST_F(CacheOfPods, TakesAnotherUidForAnotherPod) {
    list({pod_json("web-0", "1", "old")});
    (void)heard();
    list({pod_json("web-0", "5", "new")});
    EXPECT_THAT(heard(), ElementsAre("-web-0@1", "+web-0@5", "synced"));
    EXPECT_EQ(cache_.get({"default", "web-0"})->meta.uid, "new");
}

TEST_F(CacheOfPods, LetsHandlersAskTheCache) {
    Handlers<Pod> handlers;
    const Cache<Pod>* self = nullptr;
    std::size_t seen = 0;
    handlers.added = [&](const auto& pod) {
        seen = self->get({"default", pod->meta.name.text()}) == pod ? self->size() : 0;
    };
    Cache<Pod> cache(words_, handlers);
    self = &cache;
    WatchReader reader(cache, "1");
    reader.feed(event_json("ADDED", pod_json("a", "1")));
    EXPECT_EQ(seen, 1U);
}

TEST_F(CacheOfPods, MakesAWaiterWaitForThePodItNeeds) {
    list({pod_json("web-0", "1", "old")});
    auto found = std::async(std::launch::async, [&] {
        return cache_.wait_for({"default", "web-0"}, after(std::chrono::seconds(20)), {},
                               [](const Pod& pod) { return pod.meta.uid == "new"; });
    });
    event("ADDED", pod_json("other", "2"));
    event("DELETED", pod_json("web-0", "3", "old"));
    event("ADDED", pod_json("web-0", "4", "new"));
    const auto pod = found.get();
    ASSERT_NE(pod, nullptr);
    EXPECT_EQ(pod->meta.version, "4");
}

TEST_F(CacheOfPods, MakesNobodyWaitBeyondADeadlineOrAStop) {
    EXPECT_EQ(cache_.wait_for({"default", "none"}, Clock::now(), {}), nullptr);
    EXPECT_FALSE(cache_.wait_synced(Clock::now(), {}));
    std::stop_source stop;
    auto found = std::async(std::launch::async, [&] {
        return cache_.wait_for({"default", "none"}, Deadline::max(), stop.get_token());
    });
    stop.request_stop();
    EXPECT_EQ(found.get(), nullptr);
}

TEST_F(CacheOfPods, TellsApartTheSameNameInTwoNamespaces) {
    auto other = pod_json("a", "2");
    other.replace(other.find("default"), 7, "other");
    list({pod_json("a", "1"), other});
    EXPECT_EQ(cache_.size(), 2U);
    EXPECT_EQ(cache_.get({"other", "a"})->meta.version, "2");
}

}  // namespace
}  // namespace terway::kube
