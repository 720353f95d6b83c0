// The three kinds of patches.
#include "sim/kube/patch.hpp"

#include "world.hpp"

namespace terway::sim::kube {
namespace {

json::value merged(const char* target, const char* patch) {
    json::value value = json::parse(target);
    merge_patch(value, json::parse(patch));
    return value;
}

json::value patched(const char* target, const char* patch) {
    json::value value = json::parse(target);
    json_patch(value, json::parse(patch));
    return value;
}

json::value strategic(const char* target, const char* patch) {
    json::value value = json::parse(target);
    strategic_patch(value.as_object(), json::parse(patch).as_object());
    return value;
}

TEST(Patch, AMergePatchMergesMapsReplacesListsAndDeletesByNull) {
    EXPECT_EQ(merged(R"({"a":{"b":1,"c":2},"l":[1,2]})", R"({"a":{"b":null,"d":3},"l":[3]})"),
              json::parse(R"({"a":{"c":2,"d":3},"l":[3]})"));
}

TEST(Patch, AJsonPatchIsCarriedOutStepByStep) {
    EXPECT_EQ(patched(R"({"a":{"x/y":1},"l":[1,3]})",
                      R"([{"op":"test","path":"/a/x~1y","value":1},
                          {"op":"add","path":"/l/1","value":2},
                          {"op":"add","path":"/l/-","value":4},
                          {"op":"move","from":"/a/x~1y","path":"/b"},
                          {"op":"remove","path":"/a"}])"),
              json::parse(R"({"l":[1,2,3,4],"b":1})"));
    EXPECT_THROW((void)patched(R"({})", R"([{"op":"remove","path":"/a"}])"), Problem);
    EXPECT_THROW((void)patched(R"({"a":1})", R"([{"op":"test","path":"/a","value":2}])"), Problem);
    EXPECT_THROW((void)patched(R"({})", R"({"op":"add"})"), Problem);
}

TEST(Patch, AStrategicPatchMergesListsByTheirKey) {
    EXPECT_EQ(strategic(R"({"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]})",
                        R"({"containers":[{"name":"b","image":"2"},{"name":"c"}]})"),
              json::parse(R"({"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"},
                                            {"name":"c"}]})"));
    EXPECT_EQ(strategic(R"({"conditions":[{"type":"Ready","status":"False","reason":"r"}]})",
                        R"({"conditions":[{"type":"Ready","status":"True"},
                                          {"type":"SufficientIP","status":"True"}]})"),
              json::parse(R"({"conditions":[{"type":"Ready","status":"True","reason":"r"},
                                            {"type":"SufficientIP","status":"True"}]})"));
    EXPECT_EQ(strategic(R"({"ports":[{"port":80}]})", R"({"ports":[{"port":443}]})"),
              json::parse(R"({"ports":[{"port":80},{"port":443}]})"));
    EXPECT_EQ(strategic(R"({"args":["a"]})", R"({"args":["b"]})"),
              json::parse(R"({"args":["b"]})"));
}

TEST(Patch, AStrategicPatchObeysItsDirectives) {
    EXPECT_EQ(strategic(R"({"containers":[{"name":"a"},{"name":"b"}]})",
                        R"({"containers":[{"$patch":"delete","name":"a"}]})"),
              json::parse(R"({"containers":[{"name":"b"}]})"));
    EXPECT_EQ(strategic(R"({"containers":[{"name":"a"}]})",
                        R"({"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],
                            "containers":[{"name":"b"}]})"),
              json::parse(R"({"containers":[{"name":"b"},{"name":"a"}]})"));
    EXPECT_EQ(strategic(R"({"finalizers":["a","b"]})",
                        R"({"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c"]})"),
              json::parse(R"({"finalizers":["b","c"]})"));
    EXPECT_EQ(strategic(R"({"strategy":{"type":"X","rollingUpdate":{}}})",
                        R"({"strategy":{"$retainKeys":["type"],"type":"Recreate"}})"),
              json::parse(R"({"strategy":{"type":"Recreate"}})"));
    EXPECT_EQ(
        strategic(R"({"selector":{"a":"1"}})", R"({"selector":{"$patch":"replace","b":"2"}})"),
        json::parse(R"({"selector":{"b":"2"}})"));
    EXPECT_THROW((void)strategic(R"({})", R"({"containers":[{"image":"x"}]})"), Problem);
}

class PatchedOverTheApi : public World {};

TEST_F(PatchedOverTheApi, TheContentTypeChoosesThePatch) {
    (void)make_pod("a");
    const std::string where = std::string(kPods) + "/a";
    EXPECT_EQ(ask("PATCH", where, R"({"metadata":{"labels":{"m":"1"}}})", kMerge).status, 200U);
    EXPECT_EQ(
        ask("PATCH", where, R"([{"op":"add","path":"/metadata/labels/j","value":"2"}])", kJson)
            .text_of("/metadata/labels/j"),
        "2");
    EXPECT_EQ(ask("PATCH", where, "{}", "application/apply-patch+yaml").status, 415U);
    EXPECT_EQ(ask("PATCH", where, R"({"metadata":{"resourceVersion":"1"}})", kMerge).status, 409U);
    EXPECT_EQ(ask("PATCH", where, R"({"metadata":{"labels":{"m":1}}})", kMerge).status, 400U);
    EXPECT_EQ(ask("PATCH", std::string(kPods) + "/none", "{}", kMerge).status, 404U);
}

}  // namespace
}  // namespace terway::sim::kube
