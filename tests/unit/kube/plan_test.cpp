#include "kube/plan.hpp"

#include <gtest/gtest.h>

namespace terway::kube {
namespace {

using namespace std::chrono_literals;

TEST(KubePlan, NamesWhatIsWatched) {
    EXPECT_EQ(path_of<Pod>(), "/api/v1/pods");
    EXPECT_EQ(path_of<Pod>("a"), "/api/v1/namespaces/a/pods");
    EXPECT_EQ(path_of<Node>("a"), "/api/v1/nodes");
    EXPECT_EQ(all_of<Namespace>().path, "/api/v1/namespaces");
}

TEST(KubePlan, ListsInPagesFromWhatItKnows) {
    EXPECT_EQ(list_target(local_pods("n 1"), "0", "", 500),
              "/api/v1/pods?fieldSelector=spec.nodeName%3Dn%201&limit=500&resourceVersion=0"
              "&resourceVersionMatch=NotOlderThan");
    EXPECT_EQ(list_target(all_of<Pod>(), "7", "a+/=", 500),
              "/api/v1/pods?limit=500&continue=a%2B%2F%3D");
    EXPECT_EQ(list_target(all_of<Pod>(), "", "", 10), "/api/v1/pods?limit=10");
}

TEST(KubePlan, WatchesWithBookmarksForALimitedTime) {
    EXPECT_EQ(watch_target(own_node("n1"), "42", 300s),
              "/api/v1/nodes?fieldSelector=metadata.name%3Dn1&watch=true&allowWatchBookmarks=true"
              "&resourceVersion=42&timeoutSeconds=300");
}

TEST(KubePlan, WatchesAfterAListAndAgainAfterAWatch) {
    for (const auto step : {Step::List, Step::ListNewest, Step::Watch}) {
        const auto verdict = decide({step, Ending::Done});
        EXPECT_EQ(verdict.next, Step::Watch);
        EXPECT_FALSE(verdict.rest);
        EXPECT_FALSE(verdict.is_failure);
    }
}

TEST(KubePlan, RestsWhenAWatchEndsAsSoonAsItBegins) {
    Happening happening{Step::Watch, Ending::Done};
    happening.was_short = true;
    EXPECT_EQ(decide(happening).next, Step::Watch);
    EXPECT_TRUE(decide(happening).rest);
}

TEST(KubePlan, ListsAgainWhenItsVersionIsForgotten) {
    const auto watching = decide({Step::Watch, Ending::Refused, 410});
    EXPECT_EQ(watching.next, Step::List);
    EXPECT_FALSE(watching.rest);
    const auto listing = decide({Step::List, Ending::Refused, 410});
    EXPECT_EQ(listing.next, Step::ListNewest);
    EXPECT_FALSE(listing.rest);
    EXPECT_TRUE(decide({Step::ListNewest, Ending::Refused, 410, false, false, 1}).rest);
}

TEST(KubePlan, AsksForTheNewestWhenTheServerIsBehind) {
    EXPECT_EQ(decide({Step::List, Ending::Refused, 504, true}).next, Step::ListNewest);
}

TEST(KubePlan, RepeatsTheSameAfterARestWhenTheServerHasTrouble) {
    for (const int code : {403, 404, 429, 500, 503}) {
        for (const auto step : {Step::List, Step::Watch}) {
            const auto verdict = decide({step, Ending::Refused, code});
            EXPECT_EQ(verdict.next, step);
            EXPECT_TRUE(verdict.rest);
            EXPECT_FALSE(verdict.renew_token);
        }
    }
    for (const auto ending : {Ending::Unreachable, Ending::Cut, Ending::Untrusted}) {
        EXPECT_EQ(decide({Step::Watch, ending}).next, Step::Watch);
        EXPECT_TRUE(decide({Step::Watch, ending}).rest);
    }
}

TEST(KubePlan, RenewsATokenThatIsNotLiked) {
    EXPECT_TRUE(decide({Step::Watch, Ending::Refused, 401}).renew_token);
}

TEST(KubePlan, ListsAgainAfterWhatItCannotRead) {
    EXPECT_EQ(decide({Step::Watch, Ending::Garbled}).next, Step::List);
    EXPECT_TRUE(decide({Step::Watch, Ending::Garbled}).rest);
}

TEST(KubePlan, BeginsASilentWatchAnewAtOnceButNotASilentList) {
    EXPECT_EQ(decide({Step::Watch, Ending::Silent}).next, Step::Watch);
    EXPECT_FALSE(decide({Step::Watch, Ending::Silent}).rest);
    EXPECT_TRUE(decide({Step::List, Ending::Silent}).rest);
    EXPECT_FALSE(decide({Step::Watch, Ending::Silent}).is_failure)
        << "some servers send no bookmarks";
    EXPECT_TRUE(decide({Step::List, Ending::Silent}).is_failure);
}

}  // namespace
}  // namespace terway::kube
