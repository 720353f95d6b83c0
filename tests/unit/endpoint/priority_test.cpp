#include "endpoint/priority.hpp"

#include <gtest/gtest.h>

#include "terway/error.hpp"

namespace terway::endpoint {
namespace {

TEST(Priority, IsWhatTheAnnotationAsksFor) {
    const std::string name = "k8s.aliyun.com/network-priority";
    EXPECT_EQ(priority_of({}), Priority::None);
    EXPECT_EQ(priority_of({{name, "guaranteed"}}), Priority::Guaranteed);
    EXPECT_EQ(priority_of({{name, "burstable"}}), Priority::Burstable);
    EXPECT_EQ(priority_of({{name, "best-effort"}}), Priority::BestEffort);
}

TEST(Priority, OfAnyOtherNameIsRefusedWithAnnotationValueAndForm) {
    for (const std::string value : {"", "high", "Guaranteed", "best_effort"}) {
        try {
            (void)priority_of({{"k8s.aliyun.com/network-priority", value}});
            FAIL() << value;
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), Status::Invalid);
            EXPECT_EQ(std::string(error.what()),
                      "annotation k8s.aliyun.com/network-priority: \"" + value +
                          "\": it must be \"guaranteed\", \"burstable\" or \"best-effort\"");
        }
    }
}

TEST(Priority, HasTheNumbersOfTheAbi) {
    EXPECT_EQ(static_cast<int>(Priority::None), TWY_PRIORITY_NONE);
    EXPECT_EQ(static_cast<int>(Priority::Guaranteed), TWY_PRIORITY_GUARANTEED);
    EXPECT_EQ(static_cast<int>(Priority::Burstable), TWY_PRIORITY_BURSTABLE);
    EXPECT_EQ(static_cast<int>(Priority::BestEffort), TWY_PRIORITY_BEST_EFFORT);
}

}  // namespace
}  // namespace terway::endpoint
