#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/netns.hpp"
#include "host/gate.hpp"
#include "host_testing.hpp"
#include "terway/error.hpp"

namespace terway::host {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Gate, TakesAThreadHomeThatAModuleLeftInASandboxAndFailsTheCall) {
    Metrics metrics;
    Gate gate(metrics, {});
    const auto wild = load_test_module("wild");
    const auto sandbox = Netns::create();
    const auto home = current_netns_inode();
    ASSERT_NE(sandbox.inode(), home);
    FakeReaper reaper;
    twy_call call(after(std::chrono::hours(1)), reaper);
    const auto endpoint = test_endpoint(sandbox.fd());
    std::uint64_t inside = 0;
    testing::internal::CaptureStderr();
    EXPECT_THAT(
        [&] {
            static_cast<void>(
                gate.call(*wild, "dataplane.detach", "c1/eth0", call, [&](twy_error* error) {
                    const auto status =
                        wild->dataplane()->detach(wild->instance(), &call, &endpoint, error);
                    inside = current_netns_inode();
                    return status;
                }));
        },
        ThrowsMessage<Error>(
            "module wild: dataplane.detach: came back in another network namespace"));
    EXPECT_EQ(inside, sandbox.inode());
    EXPECT_EQ(current_netns_inode(), home);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                HasSubstr("a module left its thread in another network namespace"));
    EXPECT_THAT(metrics.text(), HasSubstr("terway_module_strays_total{module=\"wild\","
                                          "verb=\"dataplane.detach\"} 1\n"));
}

}  // namespace
}  // namespace terway::host
