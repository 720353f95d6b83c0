#include "pool/eni_watch.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>

#include "fakes/fake_cloud.hpp"
#include "fakes/fake_parts.hpp"

namespace terway::pool {
namespace {

using std::chrono::seconds;

constexpr seconds kPatience{10};

bool is_asleep(pid_t thread) {
    std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string text;
    std::getline(stat, text);
    const auto state = text.rfind(") ");
    return state != std::string::npos && text.substr(state + 2, 1) == "S";
}

class EniWatchTest : public testing::Test {
protected:
    std::string make_eni() {
        cloud::NewEni wish;
        wish.vswitch = "vsw-1";
        return cloud_.create_eni(wish, "token-" + std::to_string(++tokens_), patience()).id;
    }
    [[nodiscard]] static cloud::Patience patience() { return {{}, after(kPatience)}; }

    fakes::FakeCloud cloud_{{"ecs.test", 4, 6, 6, 4, false}, [] { return WallTime(); }};
    fakes::FakeNics nics_{cloud_};
    EniWatch watch_{cloud_, nics_};
    unsigned tokens_ = 0;
};

TEST_F(EniWatchTest, OneWhoJoinsDuringAReadDoesNotTakeItForAWordOnItsOwnEni) {
    cloud_.add_vswitch("vsw-1", 100);
    const auto first = make_eni();
    const auto second = make_eni();
    std::optional<cloud::Eni> seen;
    std::jthread late;
    std::atomic<pid_t> late_id{0};
    cloud_.while_reading = [&] {
        if (late.joinable()) {
            return;
        }
        late = std::jthread([&] {
            late_id = ::gettid();
            seen = watch_.await(
                second, [](const auto& /*now*/) { return true; }, patience());
        });
        const auto deadline = after(kPatience);
        while ((late_id == 0 || !is_asleep(late_id)) && Clock::now() < deadline) {
            std::this_thread::yield();
        }
    };
    (void)watch_.await(
        first, [](const auto& now) { return now.has_value(); }, patience());
    late.join();
    ASSERT_TRUE(seen) << "it was told that its ENI does not exist";
    EXPECT_EQ(seen->id, second);
}

}  // namespace
}  // namespace terway::pool
