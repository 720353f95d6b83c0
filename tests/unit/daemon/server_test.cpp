#include "daemon/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr std::size_t kMaxRequests = 12;

class ServerTest : public ::testing::Test {
protected:
    ServerTest() : directory_(std::filesystem::temp_directory_path() / "terway-server-XXXXXX") {
        std::string name = directory_;
        directory_ = ::mkdtemp(name.data());
    }
    ~ServerTest() override {
        stop();
        server_.reset();
        std::filesystem::remove_all(directory_);
    }

    void start(std::function<std::string(const std::string&, const endpoint::Operation&)> ctl) {
        Handlers handlers;
        handlers.ctl = std::move(ctl);
        handlers.follow = follow_;
        server_.emplace(Server::Options{path(), kMaxRequests, seconds(60)}, std::move(handlers),
                        metrics_);
        server_->listen();
        thread_ = std::jthread([this](const std::stop_token& token) {
            ended_.set_value(server_->serve(token, seconds(20)));
        });
    }
    void start_following(std::function<void(const std::string&, const Tell&)> follow) {
        follow_ = std::move(follow);
        start([](const std::string& payload, const auto&) { return payload; });
    }
    void stop() {
        if (thread_.joinable()) {
            thread_.request_stop();
            thread_.join();
        }
    }

    [[nodiscard]] std::string path() const { return directory_ / "socket"; }

    cni::Connection call(const std::string& payload) {
        auto connection = cni::Connection::connect(path(), after(seconds(20)));
        connection.send({cni::FrameKind::CtlRequest, payload}, after(seconds(20)));
        return connection;
    }
    static std::string answer(cni::Connection& connection) {
        const auto frame = connection.receive(after(seconds(20))).frame;
        const auto reply = cni::decode_ctl_reply(frame.payload);
        return reply.error ? reply.error->what() : reply.result;
    }
    std::string ask(const std::string& payload) {
        auto connection = call(payload);
        return answer(connection);
    }

    std::filesystem::path directory_;
    std::function<void(const std::string&, const Tell&)> follow_;
    Metrics metrics_;
    std::optional<Server> server_;
    std::promise<bool> ended_;
    std::jthread thread_;
};

TEST_F(ServerTest, TellsPartAfterPartUntilTheFollowerGoes) {
    std::promise<void> gone;
    start_following([&](const std::string& payload, const Tell& tell) {
        EXPECT_TRUE(tell(payload));
        EXPECT_TRUE(tell("2"));
        while (tell({})) {
            std::this_thread::yield();
        }
        EXPECT_FALSE(tell("3"));
        gone.set_value();
    });
    {
        auto connection = cni::Connection::connect(path(), after(seconds(20)));
        connection.send({cni::FrameKind::CtlFollow, "1"}, after(seconds(20)));
        EXPECT_EQ(connection.receive(after(seconds(20))).frame,
                  (cni::Frame{cni::FrameKind::CtlPart, "1"}));
        EXPECT_EQ(connection.receive(after(seconds(20))).frame,
                  (cni::Frame{cni::FrameKind::CtlPart, "2"}));
    }
    EXPECT_EQ(gone.get_future().wait_for(seconds(20)), std::future_status::ready);
}

TEST_F(ServerTest, AFollowerWhoDoesNotReadIsWaitedForUntilItGoes) {
    std::promise<void> gone;
    start_following([&](const std::string&, const Tell& tell) {
        while (tell(std::string(1000, 'x'))) {
        }
        gone.set_value();
    });
    auto ended = gone.get_future();
    {
        auto connection = cni::Connection::connect(path(), after(seconds(20)));
        connection.send({cni::FrameKind::CtlFollow, "{}"}, after(seconds(20)));
        EXPECT_EQ(ended.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
    }
    EXPECT_EQ(ended.wait_for(seconds(20)), std::future_status::ready);
}

TEST_F(ServerTest, AFollowerIsToldWhatFailed) {
    start_following([](const std::string&, const Tell&) {
        throw Error(Status::Unsupported, "nothing can be followed");
    });
    auto connection = cni::Connection::connect(path(), after(seconds(20)));
    connection.send({cni::FrameKind::CtlFollow, "{}"}, after(seconds(20)));
    EXPECT_EQ(answer(connection), "nothing can be followed");
}

TEST_F(ServerTest, FollowersDoNotKeepTheDaemonFromEnding) {
    start_following([](const std::string&, const Tell& tell) {
        (void)tell("1");
        while (tell({})) {
            std::this_thread::yield();
        }
    });
    auto connection = cni::Connection::connect(path(), after(seconds(20)));
    connection.send({cni::FrameKind::CtlFollow, "{}"}, after(seconds(20)));
    (void)connection.receive(after(seconds(20)));
    stop();
    EXPECT_TRUE(ended_.get_future().get());
}

TEST_F(ServerTest, AnswersOneRequestAfterTheOther) {
    start([](const std::string& payload, const auto&) { return payload; });
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(ask(std::to_string(i)), std::to_string(i));
    }
}

TEST_F(ServerTest, ServesManyRequestsAtATimeAndGoesOnAfterwards) {
    std::latch all_there(kMaxRequests);
    start([&](const std::string& payload, const auto&) {
        if (payload != "9999") {
            all_there.arrive_and_wait();
        }
        return payload;
    });
    std::vector<cni::Connection> callers;
    for (std::size_t i = 0; i < kMaxRequests; ++i) {
        callers.push_back(call(std::to_string(i)));
    }
    for (std::size_t i = 0; i < kMaxRequests; ++i) {
        EXPECT_EQ(answer(callers[i]), std::to_string(i));
    }
    for (std::size_t i = 0; i < 2 * kMaxRequests; ++i) {
        EXPECT_EQ(ask("9999"), "9999");
    }
}

TEST_F(ServerTest, TurnsARequestAwayThatIsOneTooMany) {
    std::latch all_there(kMaxRequests + 1);
    std::latch go_on(1);
    start([&](const std::string& payload, const auto&) {
        all_there.count_down();
        go_on.wait();
        return payload;
    });
    std::vector<cni::Connection> callers;
    for (std::size_t i = 0; i < kMaxRequests; ++i) {
        callers.push_back(call("1"));
    }
    all_there.arrive_and_wait();
    auto unlucky = cni::Connection::connect(path(), after(seconds(20)));
    const auto refusal = unlucky.receive(after(seconds(20))).frame;
    EXPECT_EQ(refusal.kind, cni::FrameKind::CniReply);
    EXPECT_THAT(cni::decode_reply(refusal.payload).output, HasSubstr("too many requests"));
    go_on.count_down();
    for (auto& caller : callers) {
        EXPECT_EQ(answer(caller), "1");
    }
}

TEST_F(ServerTest, EndsAtOnceWhenNobodyIsServed) {
    start([](const std::string& payload, const auto&) { return payload; });
    EXPECT_EQ(ask("1"), "1");
    stop();
    EXPECT_TRUE(ended_.get_future().get());
    EXPECT_THROW((void)cni::Connection::connect(path(), after(seconds(1))), Error);
}

TEST_F(ServerTest, AnswersWhatIsInFlightBeforeItEnds) {
    std::latch inside(1);
    start([&](const std::string& payload, const endpoint::Operation& operation) {
        std::latch stopped(1);
        const std::stop_callback on_stop(operation.stop, [&stopped] { stopped.count_down(); });
        inside.count_down();
        stopped.wait();
        return payload;
    });
    auto caller = call("1");
    inside.wait();
    stop();
    EXPECT_EQ(answer(caller), "1");
    EXPECT_TRUE(ended_.get_future().get());
}

}  // namespace
}  // namespace terway::daemon
