#include "upkeep.hpp"

#include <gmock/gmock.h>

#include "terway/error.hpp"

namespace terway::felix {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

// Counts what it is asked for.
class FakeBackend final : public Backend {
public:
    void move_node(std::vector<IpAddress> /*node*/) override {}
    void attach(const sdk::EndpointView& /*endpoint*/, const twy_attachment& /*made*/) override {}
    void adopt(const sdk::EndpointView& /*endpoint*/, const twy_attachment& /*made*/) override {}
    void detach(const sdk::EndpointView& /*endpoint*/) override {}
    void check(const sdk::EndpointView& /*endpoint*/) override {}
    void apply(const twy_policy_update& /*update*/) override {}
    twy_policy_counters observe(const sdk::EndpointView& /*endpoint*/) override { return {}; }
    std::shared_ptr<Tracer> tracer() override { return nullptr; }
    void purge() override {}
    std::optional<Deadline> sweep(Deadline now) override {
        ++sweeps;
        return sweeps < 3 ? std::optional(now) : std::nullopt;
    }
    std::vector<std::string> restore_elements() override {
        ++looks;
        if (looks == 1) {
            throw Error(Status::Internal, "the kernel says no");
        }
        return looks == 2 ? changed : std::vector<std::string>();
    }

    int sweeps = 0;
    int looks = 0;
    std::vector<std::string> changed;
};

class Upkeeps : public testing::Test {
protected:
    Upkeeps() {
        auto made = std::make_unique<FakeBackend>();
        fake_ = made.get();
        backend_ = std::move(made);
    }
    // Returns when `ready` holds, which must come.
    template <class Ready>
    void await(const Ready& ready) {
        const MutexLock lock(mutex_);
        while (!ready()) {
            (void)condition_.wait(mutex_, {}, after(milliseconds(1)), [] { return false; });
        }
    }
    [[nodiscard]] auto warn() {
        return [this](const std::string& line) { lines_.push_back(line); };
    }

    Mutex mutex_;
    Condition condition_;
    std::unique_ptr<Backend> backend_;
    FakeBackend* fake_ = nullptr;
    std::vector<std::string> lines_;  // written by the thread, which holds the mutex
};

TEST_F(Upkeeps, SweepWhenWokenUntilNothingIsLeft) {
    Upkeep upkeep(mutex_, backend_, warn(), hours(1));
    {
        const MutexLock lock(mutex_);
        EXPECT_EQ(fake_->sweeps, 0);
        upkeep.wake();
    }
    await([&] { return fake_->sweeps == 3; });
    EXPECT_EQ(fake_->looks, 0);
}

TEST_F(Upkeeps, SayWhatSomebodyChanged) {
    fake_->changed = {"s4_a", "s4_b", "s4_c", "s4_d", "s4_e", "s4_f", "s4_g", "s4_h", "s4_i"};
    const Upkeep upkeep(mutex_, backend_, warn(), milliseconds(1));
    await([&] { return fake_->looks >= 3; });
    const MutexLock lock(mutex_);
    EXPECT_THAT(lines_, ElementsAre(HasSubstr("stay so for now: the kernel says no"),
                                    "somebody changed elements of s4_a, s4_b, s4_c, s4_d, s4_e, "
                                    "s4_f, s4_g, s4_h and 1 more; put right"));
}

TEST_F(Upkeeps, WaitForABackend) {
    auto made = std::move(backend_);
    Upkeep upkeep(mutex_, backend_, warn(), milliseconds(1));
    {
        const MutexLock lock(mutex_);
        upkeep.wake();
        backend_ = std::move(made);
        upkeep.wake();
    }
    await([&] { return fake_->sweeps == 3; });
}

}  // namespace
}  // namespace terway::felix
