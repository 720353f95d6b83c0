// How long tests wait for what must come. On a slow machine TERWAY_TEST_PATIENCE says how many
// times longer; it is read here and nowhere else. Waits that show that nothing comes are not made
// longer.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace terway::test {

[[nodiscard]] inline std::chrono::milliseconds patience(
    std::chrono::milliseconds limit = std::chrono::seconds(5)) {
    static const int kTimes = [] {
        const char* text = std::getenv("TERWAY_TEST_PATIENCE");  // NOLINT(concurrency-mt-unsafe)
        return text == nullptr ? 1 : std::max(1, std::atoi(text));
    }();
    return limit * kTimes;
}

}  // namespace terway::test
