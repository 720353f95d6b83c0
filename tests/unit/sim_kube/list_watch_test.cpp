// Selectors, pages, watches, and what happens when the past is forgotten.
#include "world.hpp"

namespace terway::sim::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class ListAndWatch : public World {
protected:
    std::vector<std::string> selected(const std::string& query) {
        return get(std::string(kPods) + "?" + query).names();
    }
    std::unique_ptr<Watch> watch(const std::string& query) {
        auto answer = raw("GET", std::string(kPods) + "?watch=true&" + query);
        EXPECT_EQ(answer.answer.status, 200U);
        return std::move(answer.watch);
    }
    std::string version() { return std::to_string(api_.store().version()); }
    void label(const std::string& name, const std::string& labels) {
        (void)ask("PATCH", std::string(kPods) + "/" + name,
                  R"({"metadata":{"labels":)" + labels + "}}", kMerge);
    }
};

TEST_F(ListAndWatch, LabelsSelect) {
    (void)make_pod("a", "", R"({"app":"web","tier":"front"})");
    (void)make_pod("b", "", R"({"app":"web"})");
    (void)make_pod("c", "", R"({"app":"db"})");
    EXPECT_THAT(selected("labelSelector=app%3Dweb"), ElementsAre("a", "b"));
    EXPECT_THAT(selected("labelSelector=app%3D%3Dweb,tier"), ElementsAre("a"));
    EXPECT_THAT(selected("labelSelector=app!%3Dweb"), ElementsAre("c"));
    EXPECT_THAT(selected("labelSelector=app+in+(web,db),!tier"), ElementsAre("b", "c"));
    EXPECT_THAT(selected("labelSelector=app+notin+(web)"), ElementsAre("c"));
    EXPECT_EQ(get(std::string(kPods) + "?labelSelector=app+of+(web)").status, 400U);
}

TEST_F(ListAndWatch, FieldsSelect) {
    (void)make_pod("a", "n1");
    (void)make_pod("b", "n2");
    EXPECT_THAT(selected("fieldSelector=spec.nodeName%3Dn1"), ElementsAre("a"));
    EXPECT_THAT(selected("fieldSelector=spec.nodeName!%3Dn1,status.phase%3DPending"),
                ElementsAre("b"));
    EXPECT_THAT(selected("fieldSelector=metadata.name%3Db"), ElementsAre("b"));
    const auto refused = get(std::string(kPods) + "?fieldSelector=spec.color%3Dred");
    EXPECT_EQ(refused.status, 400U);
    EXPECT_THAT(refused.text, HasSubstr("field label not supported: spec.color"));
}

TEST_F(ListAndWatch, PagesShowOneMoment) {
    for (const char* name : {"a", "b", "c", "d", "e"}) {
        (void)make_pod(name);
    }
    const auto first = get(std::string(kPods) + "?limit=2");
    EXPECT_THAT(first.names(), ElementsAre("a", "b"));
    EXPECT_EQ(first.at("/metadata/remainingItemCount"), 3);
    (void)ask("DELETE", std::string(kPods) + "/d");
    (void)make_pod("cc");
    label("c", R"({"new":"yes"})");
    const auto second =
        get(std::string(kPods) + "?limit=2&continue=" + first.text_of("/metadata/continue"));
    EXPECT_THAT(second.names(), ElementsAre("c", "d"));
    EXPECT_EQ(second.at("/items/0/metadata/labels/new"), json::value());
    EXPECT_EQ(second.text_of("/metadata/resourceVersion"),
              first.text_of("/metadata/resourceVersion"));
    const auto third =
        get(std::string(kPods) + "?limit=2&continue=" + second.text_of("/metadata/continue"));
    EXPECT_THAT(third.names(), ElementsAre("e"));
    EXPECT_EQ(third.at("/metadata/continue"), json::value());
    EXPECT_THAT(selected(""), ElementsAre("a", "b", "c", "cc", "e"));
}

TEST_F(ListAndWatch, PagesExpireWithTheHistory) {
    (void)make_pod("a");
    (void)make_pod("b");
    const auto token = get(std::string(kPods) + "?limit=1").text_of("/metadata/continue");
    (void)make_pod("c");
    api_.store().compact();
    const auto expired = get(std::string(kPods) + "?limit=1&continue=" + token);
    EXPECT_EQ(expired.status, 410U);
    EXPECT_EQ(expired.text_of("/reason"), "Expired");
    EXPECT_EQ(get(std::string(kPods) + "?limit=1&continue=garbage").status, 400U);
}

TEST_F(ListAndWatch, AFutureVersionIsTooLarge) {
    const auto refused = get(std::string(kPods) + "?resourceVersion=999999");
    EXPECT_EQ(refused.status, 504U);
    EXPECT_THAT(refused.text, HasSubstr("Too large resource version"));
}

TEST_F(ListAndWatch, AWatchTellsWhatHappensAfterItsVersion) {
    (void)make_pod("old");
    const auto watching = watch("resourceVersion=" + version());
    EXPECT_THAT(heard(*watching), ElementsAre());
    (void)make_pod("a");
    label("a", R"({"x":"1"})");
    (void)ask("DELETE", std::string(kPods) + "/a");
    EXPECT_THAT(heard(*watching), ElementsAre("ADDED a", "MODIFIED a", "DELETED a"));
    EXPECT_EQ(meta_text(last_object_, "resourceVersion"), version());
    EXPECT_EQ(text_at(last_object_, {"kind"}), "Pod");
}

TEST_F(ListAndWatch, AWatchWithoutAVersionBeginsWithWhatThereIs) {
    (void)make_pod("a");
    EXPECT_THAT(heard(*watch("")), ElementsAre("ADDED a"));
    EXPECT_THAT(heard(*watch("resourceVersion=0")), ElementsAre("ADDED a"));
    EXPECT_THAT(heard(*watch("sendInitialEvents=true&allowWatchBookmarks=true&"
                             "resourceVersionMatch=NotOlderThan")),
                ElementsAre("ADDED a", "BOOKMARK"));
}

TEST_F(ListAndWatch, WhatBeginsOrCeasesToMatchIsAddedOrDeleted) {
    (void)make_pod("a");
    const auto watching = watch("labelSelector=x%3D1&resourceVersion=" + version());
    label("a", R"({"x":"1"})");
    label("a", R"({"x":"1","y":"2"})");
    label("a", R"({"x":"2"})");
    label("a", R"({"x":"3"})");
    EXPECT_THAT(heard(*watching), ElementsAre("ADDED a", "MODIFIED a", "DELETED a"));
}

TEST_F(ListAndWatch, AWatchOfAForgottenVersionIsGone) {
    const std::string old = version();
    (void)make_pod("a");
    api_.store().compact();
    const auto watching = watch("resourceVersion=" + old);
    EXPECT_THAT(heard(*watching), ElementsAre("ERROR", "END"));
    EXPECT_EQ(last_object_.at("code"), 410);
    EXPECT_EQ(text_at(last_object_, {"reason"}), "Expired");
}

TEST_F(ListAndWatch, AShortHistoryForgetsByItself) {
    api_.store().set_history(2);
    const std::string old = version();
    for (const char* name : {"a", "b", "c"}) {
        (void)make_pod(name);
    }
    EXPECT_THAT(heard(*watch("resourceVersion=" + old)), ElementsAre("ERROR", "END"));
    EXPECT_THAT(heard(*watch("resourceVersion=" + std::to_string(std::stoul(old) + 1))),
                ElementsAre("ADDED b", "ADDED c"));
}

TEST_F(ListAndWatch, AnIdleWatchOutlivesAForgottenHistory) {
    const auto watching = watch("resourceVersion=" + version());
    EXPECT_THAT(heard(*watching), ElementsAre());
    (void)ask("POST", "/api/v1/nodes", R"({"metadata":{"name":"n"}})");
    EXPECT_THAT(heard(*watching), ElementsAre());
    api_.store().compact();
    (void)make_pod("a");
    EXPECT_THAT(heard(*watching), ElementsAre("ADDED a"));
}

TEST_F(ListAndWatch, BookmarksSayHowFarAQuietWatchHasCome) {
    const auto watching = watch("allowWatchBookmarks=true&resourceVersion=" + version());
    EXPECT_THAT(heard(*watching), ElementsAre());
    (void)ask("POST", "/api/v1/nodes", R"({"metadata":{"name":"n"}})");
    now_ += 60s;
    EXPECT_THAT(heard(*watching), ElementsAre("BOOKMARK"));
    EXPECT_EQ(meta_text(last_object_, "resourceVersion"), version());
}

TEST_F(ListAndWatch, AWatchEndsWhenItsTimeIsOver) {
    const auto watching = watch("timeoutSeconds=5&resourceVersion=" + version());
    now_ += 4s;
    EXPECT_THAT(heard(*watching), ElementsAre());
    now_ += 1s;
    EXPECT_THAT(heard(*watching), ElementsAre("END"));
}

}  // namespace
}  // namespace terway::sim::kube
