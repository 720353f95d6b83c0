// What a kubelet gives to plugins, and where a scheduler puts pods.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/kubelet/cni.hpp"
#include "sim/kubelet/order.hpp"
#include "sim/kubelet/scheduler.hpp"

namespace terway::sim::kubelet {
namespace {

json::object parsed(const char* text) {
    return json::parse(text).as_object();
}

TEST(PluginConfig, HasOfTheRuntimeWhatThePluginIsCapableOf) {
    const auto list = parsed(R"({"cniVersion": "1.0.0", "name": "net", "plugins": []})");
    const auto plugin =
        parsed(R"({"type": "terway", "capabilities": {"a": true, "b": false, "c": true}})");
    EXPECT_EQ(plugin_config(list, plugin, parsed(R"({"a": 1, "b": 2, "d": 3})"), nullptr),
              parsed(R"({"type": "terway", "cniVersion": "1.0.0", "name": "net",
                         "runtimeConfig": {"a": 1}})"));
}

TEST(PluginConfig, HasTheResultOfThePluginBefore) {
    const auto config =
        plugin_config({}, parsed(R"({"type": "portmap"})"), {}, parsed(R"({"ips": []})"));
    EXPECT_EQ(config, parsed(R"({"type": "portmap", "prevResult": {"ips": []}})"));
}

TEST(ContainerId, IsAnotherForEveryAttempt) {
    const PodOrder order{{"default", "web"}, "0d9f3a00-0000-4000-8000-000000000001"};
    EXPECT_THAT(container_id(order, 0), testing::SizeIs(64));
    EXPECT_NE(container_id(order, 0), container_id(order, 1));
    EXPECT_THAT(cni_args(order, "c"),
                testing::AllOf(testing::HasSubstr(";K8S_POD_NAME=web;"),
                               testing::HasSubstr(";K8S_POD_NAMESPACE=default;"),
                               testing::HasSubstr("K8S_POD_INFRA_CONTAINER_ID=c;")));
}

TEST(Fits, OnlyReadyNodesThatAreNotCordonedAndHaveTheLabels) {
    const auto ready = parsed(R"({"metadata": {"labels": {"disk": "ssd"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}})");
    auto cordoned = ready;
    cordoned["spec"] = parsed(R"({"unschedulable": true})");
    EXPECT_TRUE(fits({}, ready));
    EXPECT_FALSE(fits({}, cordoned));
    EXPECT_FALSE(fits({}, parsed(R"({"metadata": {}})")));
    EXPECT_TRUE(fits(parsed(R"({"spec": {"nodeSelector": {"disk": "ssd"}}})"), ready));
    EXPECT_FALSE(fits(parsed(R"({"spec": {"nodeSelector": {"disk": "hdd"}}})"), ready));
    EXPECT_FALSE(fits(parsed(R"({"spec": {"nodeSelector": {"gpu": "yes"}}})"), ready));
}

}  // namespace
}  // namespace terway::sim::kubelet
