// Create, get, update, patch, delete, and what the server adds or refuses.
#include "world.hpp"

namespace terway::sim::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Verbs : public World {};

TEST_F(Verbs, ANewObjectGetsUidTimeAndVersion) {
    const auto made = make_pod("a");
    EXPECT_EQ(made.status, 201U);
    EXPECT_EQ(made.text_of("/kind"), "Pod");
    EXPECT_EQ(made.text_of("/metadata/namespace"), "default");
    EXPECT_EQ(made.text_of("/metadata/creationTimestamp"), "2026-01-02T03:04:05Z");
    EXPECT_EQ(made.text_of("/metadata/uid").size(), 36U);
    EXPECT_EQ(made.text_of("/status/phase"), "Pending");
    EXPECT_EQ(get(std::string(kPods) + "/a").body, made.body);
}

TEST_F(Verbs, OneCounterOfVersionsServesAllKinds) {
    const auto version = [](const Heard& heard) {
        return std::stoull(heard.text_of("/metadata/resourceVersion"));
    };
    const auto first = version(make_pod("a"));
    const auto second = version(ask("POST", "/api/v1/nodes", R"({"metadata":{"name":"n"}})"));
    EXPECT_EQ(second, first + 1);
    EXPECT_EQ(version(get(kPods)), second);
}

TEST_F(Verbs, NamesAreMadeUpFromAPrefix) {
    const std::string body = R"({"metadata":{"generateName":"web-"}})";
    const auto one = ask("POST", kPods, body).text_of("/metadata/name");
    const auto two = ask("POST", kPods, body).text_of("/metadata/name");
    EXPECT_EQ(one.size(), 9U);
    EXPECT_NE(one, two);
}

TEST_F(Verbs, WhatExistsIsNotCreatedAgain) {
    (void)make_pod("a");
    const auto again = make_pod("a");
    EXPECT_EQ(again.status, 409U);
    EXPECT_EQ(again.text_of("/reason"), "AlreadyExists");
    EXPECT_EQ(again.text_of("/message"), R"(pods "a" already exists)");
}

TEST_F(Verbs, TheNamespaceMustExist) {
    const auto refused = ask("POST", "/api/v1/namespaces/nowhere/pods", pod("a"));
    EXPECT_EQ(refused.status, 404U);
    EXPECT_EQ(refused.text_of("/message"), R"(namespaces "nowhere" not found)");
}

TEST_F(Verbs, BadNamesAreInvalid) {
    const auto refused = make_pod("Not_A_Name");
    EXPECT_EQ(refused.status, 422U);
    EXPECT_EQ(refused.text_of("/reason"), "Invalid");
    EXPECT_EQ(refused.text_of("/details/causes/0/field"), "metadata.name");
}

TEST_F(Verbs, WhatIsNoJsonIsABadRequest) {
    EXPECT_EQ(ask("POST", kPods, "{\"metadata\":").status, 400U);
    EXPECT_EQ(ask("POST", kPods, "[]").status, 400U);
    EXPECT_EQ(ask("POST", kPods, R"({"metadata":7})").status, 400U);
    EXPECT_EQ(ask("POST", kPods, R"({"kind":"Node","metadata":{"name":"a"}})").status, 400U);
    EXPECT_EQ(ask("POST", kPods, "a: b", "application/yaml").status, 415U);
}

TEST_F(Verbs, UnknownKindsAndPathsAreNotFound) {
    EXPECT_EQ(get("/api/v1/unicorns").status, 404U);
    EXPECT_EQ(get("/apis/unicorns.io/v1/things").status, 404U);
    EXPECT_EQ(get("/api/v1/namespaces/default/nodes").status, 404U);
    EXPECT_EQ(get("/nothing").status, 404U);
    EXPECT_EQ(get(std::string(kPods) + "/a").text_of("/message"), R"(pods "a" not found)");
    EXPECT_EQ(
        get("/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/a").text_of("/message"),
        R"(networkpolicies.networking.k8s.io "a" not found)");
}

TEST_F(Verbs, AnUpdateOfAnOldVersionConflicts) {
    json::value object = make_pod("a").body;
    object.at("metadata").as_object()["labels"] = json::object{{"x", "1"}};
    EXPECT_EQ(ask("PUT", std::string(kPods) + "/a", json::serialize(object)).status, 200U);
    const auto stale = ask("PUT", std::string(kPods) + "/a", json::serialize(object));
    EXPECT_EQ(stale.status, 409U);
    EXPECT_EQ(stale.text_of("/reason"), "Conflict");
    EXPECT_THAT(stale.text, HasSubstr("the object has been modified"));
}

TEST_F(Verbs, AnUpdateThatChangesNothingMakesNoVersion) {
    const auto made = make_pod("a");
    const auto same = ask("PUT", std::string(kPods) + "/a", made.text);
    EXPECT_EQ(same.body, made.body);
}

TEST_F(Verbs, TheStatusChangesOnlyBesideTheSpec) {
    (void)make_pod("a", "n");
    const std::string patch =
        R"({"metadata":{"annotations":{"k":"v"}},"spec":{"nodeName":"m"},"status":{"podIP":"10.0.0.1"}})";
    const auto status = ask("PATCH", std::string(kPods) + "/a/status", patch, kStrategic);
    EXPECT_EQ(status.text_of("/status/podIP"), "10.0.0.1");
    EXPECT_EQ(status.text_of("/spec/nodeName"), "n");
    EXPECT_EQ(status.text_of("/metadata/annotations/k"), "v");
    const auto main =
        ask("PATCH", std::string(kPods) + "/a",
            R"({"status":{"podIP":"10.9.9.9"},"metadata":{"labels":{"l":"1"}}})", kMerge);
    EXPECT_EQ(main.text_of("/status/podIP"), "10.0.0.1");
    EXPECT_EQ(main.text_of("/metadata/labels/l"), "1");
}

TEST_F(Verbs, APodOnANodeEndsInTwoSteps) {
    (void)make_pod("a", "n");
    const auto first = ask("DELETE", std::string(kPods) + "/a");
    EXPECT_EQ(first.status, 200U);
    EXPECT_EQ(first.text_of("/metadata/deletionTimestamp"), "2026-01-02T03:04:35Z");
    EXPECT_EQ(first.at("/metadata/deletionGracePeriodSeconds"), 30);
    EXPECT_EQ(get(std::string(kPods) + "/a").status, 200U);
    (void)ask("DELETE", std::string(kPods) + "/a", R"({"gracePeriodSeconds":0})");
    EXPECT_EQ(get(std::string(kPods) + "/a").status, 404U);
}

TEST_F(Verbs, APodWithoutANodeIsGoneAtOnce) {
    (void)make_pod("a");
    (void)ask("DELETE", std::string(kPods) + "/a");
    EXPECT_EQ(get(std::string(kPods) + "/a").status, 404U);
}

TEST_F(Verbs, DeletedPodsAreFinishedWhenTheirGraceIsOver) {
    (void)make_pod("a", "n");
    (void)ask("DELETE", std::string(kPods) + "/a");
    EXPECT_EQ(api_.cluster().finish_deleted(now_, false), 0U);
    EXPECT_EQ(api_.cluster().finish_deleted(now_ + std::chrono::seconds(30), false), 1U);
    EXPECT_EQ(get(std::string(kPods) + "/a").status, 404U);
}

TEST_F(Verbs, APodIsDeletedOnlyIfItIsTheOneThatIsMeant) {
    (void)make_pod("a");
    const auto refused =
        ask("DELETE", std::string(kPods) + "/a", R"({"preconditions":{"uid":"another"}})");
    EXPECT_EQ(refused.status, 409U);
    EXPECT_EQ(get(std::string(kPods) + "/a").status, 200U);
}

TEST_F(Verbs, FinalizersHoldWhatIsDeleted) {
    const std::string maps = "/api/v1/namespaces/default/configmaps";
    (void)ask("POST", maps, R"({"metadata":{"name":"m","finalizers":["x/y"]}})");
    (void)ask("DELETE", maps + "/m");
    EXPECT_NE(get(maps + "/m").text_of("/metadata/deletionTimestamp"), "null");
    (void)ask("PATCH", maps + "/m", R"({"metadata":{"finalizers":null}})", kMerge);
    EXPECT_EQ(get(maps + "/m").status, 404U);
}

TEST_F(Verbs, ANamespaceTakesItsContentAlong) {
    (void)ask("POST", "/api/v1/namespaces", R"({"metadata":{"name":"team"}})");
    const std::string pods = "/api/v1/namespaces/team/pods";
    (void)ask("POST", pods, pod("running", "n"));
    (void)ask("POST", "/api/v1/namespaces/team/configmaps", R"({"metadata":{"name":"m"}})");
    (void)ask("DELETE", "/api/v1/namespaces/team");
    EXPECT_EQ(get("/api/v1/namespaces/team").text_of("/status/phase"), "Terminating");
    EXPECT_EQ(get("/api/v1/namespaces/team/configmaps/m").status, 404U);
    EXPECT_EQ(ask("POST", pods, pod("late")).status, 403U);
    (void)ask("DELETE", pods + "/running", R"({"gracePeriodSeconds":0})");
    EXPECT_EQ(get("/api/v1/namespaces/team").status, 404U);
}

TEST_F(Verbs, ADryRunAnswersAndChangesNothing) {
    const auto pretended = ask("POST", std::string(kPods) + "?dryRun=All", pod("a"));
    EXPECT_EQ(pretended.status, 201U);
    EXPECT_EQ(get(std::string(kPods) + "/a").status, 404U);
    (void)make_pod("b");
    const auto labelled = ask("PATCH", std::string(kPods) + "/b?dryRun=All",
                              R"({"metadata":{"labels":{"l":"1"}}})", kMerge);
    EXPECT_EQ(labelled.text_of("/metadata/labels/l"), "1");
    (void)ask("DELETE", std::string(kPods) + "/b", R"({"dryRun":["All"]})");
    EXPECT_EQ(get(std::string(kPods) + "/b").text_of("/metadata/labels"), "{}");
}

TEST_F(Verbs, ServicesGetAddressesAndKeepThem) {
    const std::string services = "/api/v1/namespaces/default/services";
    const auto one =
        ask("POST", services, R"({"metadata":{"name":"a"},"spec":{"ports":[{"port":80}]}})");
    EXPECT_EQ(one.text_of("/spec/clusterIP"), "172.21.0.2");
    EXPECT_EQ(one.at("/spec/ports/0/targetPort"), 80);
    const auto headless =
        ask("POST", services, R"({"metadata":{"name":"b"},"spec":{"clusterIP":"None"}})");
    EXPECT_EQ(headless.text_of("/spec/clusterIP"), "None");
    const auto moved =
        ask("PATCH", services + "/a", R"({"spec":{"clusterIP":"172.21.0.9"}})", kMerge);
    EXPECT_EQ(moved.status, 422U);
}

TEST_F(Verbs, ServicesAndSlicesHaveTheirDefaults) {
    const std::string services = "/api/v1/namespaces/default/services";
    const auto plain = ask("POST", services, R"({"metadata":{"name":"a"},
        "spec":{"sessionAffinity":"ClientIP","ports":[{"port":80}]}})");
    EXPECT_EQ(plain.text_of("/spec/internalTrafficPolicy"), "Cluster");
    EXPECT_EQ(plain.at("/spec/sessionAffinityConfig/clientIP/timeoutSeconds"), 10800);
    EXPECT_EQ(plain.at("/spec/ports/0").as_object().contains("nodePort"), false);
    const auto node = ask("POST", services, R"({"metadata":{"name":"b"},"spec":{"type":"NodePort",
        "clusterIPs":["172.21.0.7","fd00:21::7"],"ports":[{"port":80},{"port":81}]}})");
    EXPECT_EQ(node.text_of("/spec/clusterIP"), "172.21.0.7");
    EXPECT_EQ(node.text_of("/spec/clusterIPs/1"), "fd00:21::7");
    EXPECT_EQ(node.at("/spec/ports/1/nodePort"), 30001);
    const auto balanced = ask("POST", services, R"({"metadata":{"name":"c"},
        "spec":{"type":"LoadBalancer","ports":[{"port":80}]}})");
    EXPECT_EQ(balanced.at("/spec/ports/0/nodePort"), 30002);

    const std::string slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
    const auto slice = ask("POST", slices, R"({"metadata":{"name":"s"},"addressType":"IPv4",
        "endpoints":[],"ports":[{"port":8080}]})");
    EXPECT_EQ(slice.text_of("/ports/0/protocol"), "TCP");
    EXPECT_EQ(slice.text_of("/ports/0/name"), "");
    EXPECT_EQ(ask("POST", slices, R"({"metadata":{"name":"t"},"endpoints":[]})").status, 422U);
}

TEST_F(Verbs, EventsAndSlicesAreOneInBothVersions) {
    const std::string old_events = "/api/v1/namespaces/default/events";
    const std::string new_events = "/apis/events.k8s.io/v1/namespaces/default/events";
    (void)ask("POST", new_events,
              R"({"metadata":{"name":"e"},"note":"hello","regarding":{"kind":"Pod","name":"p"}})");
    EXPECT_EQ(get(old_events + "/e").text_of("/message"), "hello");
    EXPECT_EQ(get(new_events + "/e").text_of("/note"), "hello");
    EXPECT_THAT(get(old_events + "?fieldSelector=involvedObject.name%3Dp").names(),
                ElementsAre("e"));
    const std::string slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
    (void)ask("POST", slices,
              R"({"metadata":{"name":"s"},"addressType":"IPv4","endpoints":[{"nodeName":"n"}]})");
    EXPECT_EQ(get("/apis/discovery.k8s.io/v1beta1/namespaces/default/endpointslices/s")
                  .text_of("/endpoints/0/topology/kubernetes.io~1hostname"),
              "n");
}

TEST_F(Verbs, ItemsOfAListHaveNoKindOfTheirOwn) {
    (void)make_pod("a");
    const auto list = get(kPods);
    EXPECT_EQ(list.text_of("/kind"), "PodList");
    EXPECT_EQ(list.at("/items/0/kind"), json::value());
}

TEST_F(Verbs, TablesHaveARowForEachObject) {
    (void)make_pod("a", "n");
    accept_ = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    const auto table = get(kPods);
    EXPECT_EQ(table.text_of("/kind"), "Table");
    EXPECT_EQ(table.text_of("/columnDefinitions/0/name"), "Name");
    EXPECT_EQ(table.text_of("/rows/0/cells/0"), "a");
    EXPECT_EQ(table.text_of("/rows/0/cells/6"), "n");
    EXPECT_EQ(table.text_of("/rows/0/object/kind"), "PartialObjectMetadata");
}

TEST_F(Verbs, MetadataAloneIsServedToThoseWhoAskForIt) {
    (void)make_pod("a", "n");
    accept_ = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    const auto list = get(kPods);
    EXPECT_EQ(list.text_of("/kind"), "PartialObjectMetadataList");
    EXPECT_EQ(list.text_of("/items/0/metadata/name"), "a");
    EXPECT_EQ(list.at("/items/0/spec"), json::value());
}

TEST_F(Verbs, OnlyJsonIsSpoken) {
    accept_ = "application/vnd.kubernetes.protobuf";
    EXPECT_EQ(get(kPods).status, 406U);
}

TEST_F(Verbs, APodIsBoundToANodeOnce) {
    (void)make_pod("a");
    const std::string binding = R"({"target":{"kind":"Node","name":"n"}})";
    EXPECT_EQ(ask("POST", std::string(kPods) + "/a/binding", binding).status, 201U);
    EXPECT_EQ(get(std::string(kPods) + "/a").text_of("/spec/nodeName"), "n");
    EXPECT_EQ(ask("POST", std::string(kPods) + "/a/binding", binding).status, 409U);
}

}  // namespace
}  // namespace terway::sim::kube
