#include "deviced/devices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace terway::deviced {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> unhealthy(const DeviceList& devices) {
    std::vector<std::string> ids;
    for (const auto& device : devices) {
        if (!device.healthy) {
            ids.push_back(device.id);
        }
    }
    return ids;
}

TEST(Devices, AreNamedByNumber) {
    EXPECT_EQ(device_id(0), "eni-0");
    EXPECT_EQ(device_index("eni-12"), 12);
    for (const auto* id : {"", "eni-", "eni-01", "eni-1x", "eni--1", "eni-+1", "eth-1", "ni-1",
                           "eni-99999999999999999999999"}) {
        EXPECT_EQ(device_index(id), std::nullopt) << id;
    }
}

TEST(Devices, AreAsManyAsPodsThatCanHaveAnEni) {
    EXPECT_EQ(healthy_count({4, 1, 0}), 4);
    EXPECT_EQ(healthy_count({}), 0);
}

TEST(Devices, OfRunningPodsStayHealthyWhereverCapacityGoes) {
    EXPECT_EQ(healthy_count({2, 3, 0}), 3);
    EXPECT_EQ(healthy_count({3, 3, 1}), 3);
}

TEST(Devices, AreFewerByEnisThatHaveVanished) {
    EXPECT_EQ(healthy_count({4, 2, 1}), 3);
    EXPECT_EQ(healthy_count({1, 0, 2}), 0);
}

TEST(Devices, AreAllListedWhateverTheirHealth) {
    const auto devices = list_devices(3, 2, {});
    EXPECT_THAT(devices,
                ElementsAre(Device{"eni-0", true}, Device{"eni-1", true}, Device{"eni-2", false}));
    EXPECT_THAT(list_devices(0, 0, {}), IsEmpty());
}

TEST(Devices, ThatNoPodHasGoUnhealthyFirstFromTheTop) {
    EXPECT_THAT(unhealthy(list_devices(5, 3, {4, 2})), ElementsAre("eni-1", "eni-3"));
    EXPECT_THAT(unhealthy(list_devices(4, 1, {0, 3})), ElementsAre("eni-1", "eni-2", "eni-3"));
    EXPECT_THAT(unhealthy(list_devices(2, 5, {})), IsEmpty());
}

TEST(Devices, ArePreferredInTheOrderOfTheirNumbers) {
    EXPECT_THAT(prefer({"eni-10", "eni-9", "eni-2"}, {}, 2), ElementsAre("eni-2", "eni-9"));
    EXPECT_THAT(prefer({"strange", "eni-1"}, {}, 2), ElementsAre("eni-1", "strange"));
}

TEST(Devices, ThatMustBeThereArePreferredToAll) {
    EXPECT_THAT(prefer({"eni-0", "eni-1", "eni-3"}, {"eni-3"}, 2), ElementsAre("eni-3", "eni-0"));
    EXPECT_THAT(prefer({"eni-0"}, {"eni-3", "eni-4"}, 1), ElementsAre("eni-3"));
}

TEST(Devices, PreferredAreNoMoreThanThereAre) {
    EXPECT_THAT(prefer({"eni-0"}, {}, 3), ElementsAre("eni-0"));
    EXPECT_THAT(prefer({"eni-0"}, {}, 0), IsEmpty());
}

}  // namespace
}  // namespace terway::deviced
