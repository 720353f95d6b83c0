#include "host/gate.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "host_testing.hpp"
#include "terway/error.hpp"

namespace terway::host {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::ThrowsMessage;

class GateTest : public testing::Test {
protected:
    Gate::Returned attach(const Module& module) {
        return gate_.call(module, "dataplane.attach", "c1/eth0", call_, [&](twy_error* error) {
            return module.dataplane()->attach(module.instance(), &call_, &endpoint_, &attachment_,
                                              error);
        });
    }
    Gate::Returned check(const Module& module) {
        return gate_.call(module, "dataplane.check", "c1/eth0", call_, [&](twy_error* error) {
            return module.dataplane()->check(module.instance(), &call_, &endpoint_, error);
        });
    }
    Gate::Returned adopt(const Module& module) {
        return gate_.call(module, "dataplane.adopt", "c1/eth0", call_, [&](twy_error* error) {
            return module.dataplane()->adopt(module.instance(), &call_, &endpoint_, &attachment_,
                                             error);
        });
    }

    Metrics metrics_;
    Gate gate_{metrics_, {.module_deadline = milliseconds(40'000)}};
    FakeReaper reaper_;
    twy_call call_{after(hours(1)), reaper_};
    twy_endpoint endpoint_ = test_endpoint();
    twy_attachment attachment_ = sdk::sized<twy_attachment>();
    std::unique_ptr<Module> good_ = load_test_module("good");
    std::unique_ptr<Module> wild_ = load_test_module("wild");
};

TEST_F(GateTest, BringsBackWhatTheModuleMade) {
    endpoint_.mtu = 1400;
    EXPECT_EQ(attach(*good_), Gate::Returned::InTime);
    EXPECT_EQ(attachment_.mtu, 1400U);
    EXPECT_EQ(call_.state, "attached");
    EXPECT_EQ(reaper_.retired, std::vector<std::uint32_t>{7});
    EXPECT_EQ(reaper_.awaited, call_.verb_deadline);
}

TEST_F(GateTest, TellsTheModuleTheNearerOfTheTwoDeadlines) {
    static_cast<void>(attach(*good_));
    EXPECT_GT(attachment_.pod_ifindex, 30'000U);
    EXPECT_LE(attachment_.pod_ifindex, 40'000U);
    twy_call hurried(after(milliseconds(20'000)), reaper_);
    EXPECT_EQ(gate_.call(*good_, "dataplane.attach", "c1/eth0", hurried,
                         [&](twy_error* error) {
                             return good_->dataplane()->attach(good_->instance(), &hurried,
                                                               &endpoint_, &attachment_, error);
                         }),
              Gate::Returned::InTime);
    EXPECT_LE(attachment_.pod_ifindex, 20'000U);
}

TEST_F(GateTest, ForgetsTheStateOfTheVerbBefore) {
    static_cast<void>(attach(*good_));
    EXPECT_THROW(static_cast<void>(check(*good_)), Error);
    EXPECT_EQ(call_.state, std::nullopt);
}

TEST_F(GateTest, TurnsAFailureIntoAnErrorWithModuleVerbStatusAndErrno) {
    try {
        static_cast<void>(check(*good_));
        FAIL() << "check succeeded";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "module good: dataplane.check: the link is gone really");
        EXPECT_EQ(error.status(), Status::Gone);
        EXPECT_EQ(error.sys_errno(), ENODEV);
    }
}

TEST_F(GateTest, TurnsAnyExceptionOfTheModuleIntoAnError) {
    EXPECT_THAT([&] { static_cast<void>(attach(*wild_)); },
                ThrowsMessage<Error>(HasSubstr("module wild: dataplane.attach: something")));
    const auto raw = load_test_module("plain");
    EXPECT_THAT([&] { static_cast<void>(check(*raw)); },
                ThrowsMessage<Error>(HasSubstr("module deviant: dataplane.check: something")));
}

TEST_F(GateTest, FailsAVerbWhoseCallbackFailed) {
    EXPECT_THAT([&] { static_cast<void>(adopt(*good_)); },
                ThrowsMessage<Error>(
                    "module good: dataplane.adopt: the module wants to keep 65537 bytes of state, "
                    "the limit is 65536"));
    reaper_.refusal = Error(Status::Retry, "the reaper is busy");
    EXPECT_THAT(
        [&] { static_cast<void>(attach(*good_)); },
        ThrowsMessage<Error>("module good: dataplane.attach: retire link 7: the reaper is busy"));
    reaper_.refusal.reset();
    EXPECT_EQ(attach(*good_), Gate::Returned::InTime);
}

TEST_F(GateTest, MeasuresEachModuleAndVerb) {
    static_cast<void>(attach(*good_));
    static_cast<void>(attach(*good_));
    EXPECT_THROW(static_cast<void>(check(*good_)), Error);
    const auto text = metrics_.text();
    EXPECT_THAT(
        text,
        HasSubstr(
            "terway_module_call_seconds_count{module=\"good\",verb=\"dataplane.attach\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("terway_module_failures_total{module=\"good\",status=\"gone\","
                                "verb=\"dataplane.check\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("terway_module_lost_calls 0\n"));
}

// Calls the verb that hangs until released, on a thread of its own.
class GateHang : public testing::Test {
protected:
    struct Hung {
        explicit Hung(GateHang& test) : call(after(hours(1)), test.reaper_) {
            std::array<int, 2> ends{};
            EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
            read_end.reset(ends[0]);
            write_end.reset(ends[1]);
            call.on_overdue = [this] { ++overdue; };
            thread = std::jthread([this, &test] {
                const auto endpoint = test_endpoint(read_end.get());
                const auto attachment = sdk::sized<twy_attachment>();
                returned = test.gate_.call(
                    *test.wild_, "dataplane.activate", "c1/eth0", call, [&](twy_error* error) {
                        return test.wild_->dataplane()->activate(test.wild_->instance(), &call,
                                                                 &endpoint, &attachment, error);
                    });
            });
        }
        void release() {
            write_end.reset();
            thread.join();
        }
        Fd read_end;
        Fd write_end;
        twy_call call;
        std::atomic<int> overdue{0};
        std::optional<Gate::Returned> returned;
        std::jthread thread;
    };

    Metrics metrics_;
    std::atomic<int> given_up_{0};
    Gate gate_{metrics_,
               {.module_deadline = milliseconds(10),
                .grace = milliseconds(5),
                .max_lost = 1,
                .give_up = [this] { ++given_up_; }}};
    FakeReaper reaper_;
    std::unique_ptr<Module> wild_ = load_test_module("wild");
};

TEST_F(GateHang, GivesACallUpThatDoesNotReturnAndNoticesWhenItDoes) {
    testing::internal::CaptureStderr();
    Hung hung(*this);
    ASSERT_TRUE(eventually([&] { return hung.overdue == 1; }));
    EXPECT_EQ(gate_.lost(), 1U);
    EXPECT_THAT(metrics_.text(), HasSubstr("terway_module_lost_calls 1\n"));
    hung.release();
    EXPECT_EQ(hung.returned, Gate::Returned::Late);
    EXPECT_EQ(gate_.lost(), 0U);
    EXPECT_EQ(hung.overdue, 1);
    EXPECT_EQ(given_up_, 0);
    EXPECT_THAT(metrics_.text(), HasSubstr("terway_module_overdue_total{module=\"wild\","
                                           "verb=\"dataplane.activate\"} 1\n"));
    EXPECT_THAT(metrics_.text(), HasSubstr("terway_module_lost_calls 0\n"));
    const auto log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr("level=error msg=\"a module does not return, its call is given up\" "
                               "module=wild verb=dataplane.activate endpoint=c1/eth0\n"));
    EXPECT_THAT(log,
                HasSubstr("level=warning msg=\"a call given up has returned after all\" "
                          "module=wild verb=dataplane.activate endpoint=c1/eth0 answer=done\n"));
}

TEST_F(GateHang, GivesTheProcessUpWhenTooManyCallsAreLost) {
    Hung first(*this);
    ASSERT_TRUE(eventually([&] { return first.overdue == 1; }));
    EXPECT_EQ(given_up_, 0);
    Hung second(*this);
    EXPECT_TRUE(eventually([&] { return given_up_ == 1; }));
    EXPECT_EQ(gate_.lost(), 2U);
    first.release();
    second.release();
}

// Without a gate of its own: the process that forks has no other thread.
class GateDeathTest : public testing::Test {
protected:
    GateDeathTest() { ::unlink(path_.c_str()); }
    ~GateDeathTest() override { ::unlink(path_.c_str()); }
    const std::string path_ = testing::TempDir() + "terway-crashes-" + std::to_string(::getpid());
    Metrics metrics_;
    FakeReaper reaper_;
    twy_call call_{after(hours(1)), reaper_};
    twy_endpoint endpoint_ = test_endpoint();
    std::unique_ptr<Module> wild_ = load_test_module("wild");
};

TEST_F(GateDeathTest, RefusesAKeyAfterItCrashedTheDaemonThreeTimesRunning) {
    for (int crash = 0; crash < Breadcrumbs::kRepeats; ++crash) {
        EXPECT_EXIT(
            {
                auto breadcrumbs = Breadcrumbs::open(path_);
                install_crash_handler(breadcrumbs.fd());
                Gate gate(metrics_, {}, std::move(breadcrumbs));
                static_cast<void>(
                    gate.call(*wild_, "dataplane.check", "c1/eth0", call_, [&](twy_error* error) {
                        return wild_->dataplane()->check(wild_->instance(), &call_, &endpoint_,
                                                         error);
                    }));
            },
            testing::KilledBySignal(SIGSEGV), " 11 wild dataplane.check c1/eth0\n");
    }
    Gate gate(metrics_, {}, Breadcrumbs::open(path_));
    int ran = 0;
    const auto run = [&](std::string_view key) {
        return gate.call(*wild_, "dataplane.check", key, call_, [&](twy_error*) {
            ++ran;
            return TWY_OK;
        });
    };
    EXPECT_THAT([&] { static_cast<void>(run("c1/eth0")); },
                ThrowsMessage<Error>("module wild: dataplane.check: not tried on c1/eth0, it "
                                     "crashed the daemon three times running; see " +
                                     path_));
    EXPECT_EQ(ran, 0);
    EXPECT_EQ(run("c2/eth0"), Gate::Returned::InTime);
    EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace terway::host
