// What the admin socket tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel.hpp"
#include "node.hpp"

namespace terway::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class DaemonMetrics : public testing::Test {
protected:
    Node node_;
    std::unique_ptr<Daemon> daemon_ = node_.start();
};

TEST_F(DaemonMetrics, EveryMetricIsThereWithItsTypeAndCountsWhatHappens) {
    const auto pod = node_.sandbox("a");
    ASSERT_TRUE(node_.add("c", *pod).ok());
    const auto ready = node_.http("/metrics");
    EXPECT_THAT(ready, HasSubstr("terway_endpoints{state=\"ready\"} 1\n"));
    EXPECT_THAT(ready,
                HasSubstr("terway_pool_addresses{cidr=\"172.20.1.0/24\",state=\"used\"} 1\n"));
    EXPECT_EQ(node_.add("c", *pod).code(), 7);
    ASSERT_TRUE(node_.del("c", *pod).ok());
    ASSERT_EQ(settled(node_), "");
    const auto text = node_.http("/metrics");
    EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(text, HasSubstr("text/plain; version=0.0.4"));
    for (const auto& [name, type] : {std::pair{"terway_cni_requests_total", "counter"},
                                     {"terway_cni_seconds", "histogram"},
                                     {"terway_endpoints", "gauge"},
                                     {"terway_module_call_seconds", "histogram"},
                                     {"terway_module_lost_calls", "gauge"},
                                     {"terway_pool_addresses", "gauge"},
                                     {"terway_pool_waiting", "gauge"},
                                     {"terway_reaper_links_total", "counter"},
                                     {"terway_reaper_rounds_total", "counter"}}) {
        EXPECT_THAT(text, HasSubstr("# TYPE " + std::string(name) + " " + type + "\n"));
        EXPECT_THAT(text, HasSubstr("# HELP " + std::string(name) + " "));
    }
    EXPECT_THAT(text, HasSubstr("terway_cni_requests_total{code=\"0\",verb=\"ADD\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("terway_cni_requests_total{code=\"7\",verb=\"ADD\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("terway_cni_requests_total{code=\"0\",verb=\"DEL\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("terway_endpoints{state=\"ready\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("terway_reaper_links_total 1\n"));
    EXPECT_THAT(text, HasSubstr("module=\"veth\",verb=\"dataplane.attach\""));
}

TEST_F(DaemonMetrics, HealthAnswersAndOtherPagesDoNotExist) {
    EXPECT_THAT(node_.http("/healthz"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(node_.http("/etc/passwd"), StartsWith("HTTP/1.1 404"));
    EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
}

}  // namespace
}  // namespace terway::test
