#include "kube/reflector.hpp"

#include <algorithm>

#include <gmock/gmock.h>

#include "api_server.hpp"
#include "base/file.hpp"
#include "kube/mirror.hpp"

namespace terway::kube {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A mirror of all pods of a server that plays a script. Rests are noted and take no time.
class ReflectorOfPods : public testing::Test {
protected:
    void start(const Access& access) {
        session_.emplace(access);
        auto effects = effects_;
        effects.fraction = [] { return 0.0; };
        effects.rest = [this](std::chrono::milliseconds span, const std::stop_token& stop) {
            const std::lock_guard lock(mutex_);
            rests_.push_back(span);
            return !stop.stop_requested();
        };
        Handlers<Pod> handlers;
        handlers.added = [this](const auto& pod) { note("+" + pod->meta.name.text()); };
        handlers.changed = [this](const auto&, const auto& now) {
            note("~" + now->meta.name.text());
        };
        handlers.deleted = [this](const auto& pod) { note("-" + pod->meta.name.text()); };
        mirror_.emplace(*session_, words_, metrics_, all_of<Pod>(), handlers, is_terway_annotation,
                        pace_, effects);
        mirror_->start();
    }
    void start() {
        server_.emplace(script_.handler());
        start(access_to(*server_));
    }
    void note(const std::string& text) {
        const std::lock_guard lock(mutex_);
        heard_.push_back(text);
    }
    [[nodiscard]] std::vector<std::string> heard() {
        const std::lock_guard lock(mutex_);
        return heard_;
    }
    [[nodiscard]] bool hears(std::size_t count) {
        return eventually([&] { return heard().size() >= count; });
    }
    [[nodiscard]] std::vector<std::chrono::milliseconds> rests() {
        const std::lock_guard lock(mutex_);
        return rests_;
    }
    // The queries of the requests so far, without what is always the same.
    [[nodiscard]] std::vector<std::string> asked() const {
        std::vector<std::string> all;
        for (const auto& request : server_->requests()) {
            auto query = request.query();
            all.push_back((is_watch(request) ? "watch " : "list ") + query["resourceVersion"] +
                          query["continue"]);
        }
        return all;
    }
    [[nodiscard]] bool asks(std::size_t count) const { return server_->await_requests(count); }
    [[nodiscard]] bool has(const std::string& name) const {
        return mirror_->cache().get({"default", name}) != nullptr;
    }

    Pace pace_;
    ReflectorEffects effects_;
    Script script_;
    std::optional<Server> server_;
    std::mutex mutex_;
    std::vector<std::string> heard_;
    std::vector<std::chrono::milliseconds> rests_;
    Words words_;
    Metrics metrics_;
    std::optional<Session> session_;
    std::optional<Mirror<Pod>> mirror_;  // the first to go
};

TEST_F(ReflectorOfPods, ListsPageByPageAndThenWatches) {
    const auto feed = std::make_shared<Feed>();
    script_.list({pod_json("a", "1")}, "10", "page2").list({pod_json("b", "2")}, "10").watch(feed);
    start();
    ASSERT_TRUE(asks(3));
    feed->write(event_json("ADDED", pod_json("c", "11")));
    ASSERT_TRUE(hears(3));
    EXPECT_THAT(heard(), ElementsAre("+a", "+b", "+c"));
    EXPECT_THAT(asked(), ElementsAre("list 0", "list page2", "watch 10"));
    EXPECT_TRUE(mirror_->cache().synced());
    EXPECT_TRUE(rests().empty());
    EXPECT_THAT(
        server_->requests().at(2).target,
        HasSubstr("watch=true&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=300"));
}

TEST_F(ReflectorOfPods, GoesOnWhereAWatchEnded) {
    const auto first = std::make_shared<Feed>();
    script_.list({}, "10").watch(first).watch(std::make_shared<Feed>());
    start();
    first->write(event_json("ADDED", pod_json("a", "11")));
    first->write(event_json("BOOKMARK", R"({"metadata":{"resourceVersion":"99"}})"));
    first->end();
    ASSERT_TRUE(asks(3));
    EXPECT_THAT(asked(), ElementsAre("list 0", "watch 10", "watch 99"));
}

TEST_F(ReflectorOfPods, GoesOnAfterTheServerRestarts) {
    const auto first = std::make_shared<Feed>();
    script_.list({pod_json("a", "1")}, "10")
        .watch(first)
        .watch({200, "", {}, Act::Cut})
        .watch({503, "starting"})
        .watch(std::make_shared<Feed>());
    start();
    first->write(event_json("ADDED", pod_json("b", "11")) + R"({"type":"ADD)");
    first->cut();
    ASSERT_TRUE(asks(5));
    EXPECT_THAT(asked(), ElementsAre("list 0", "watch 10", "watch 11", "watch 11", "watch 11"));
    EXPECT_THAT(rests(), ElementsAre(500ms, 1000ms, 2000ms)) << "longer each time";
    EXPECT_THAT(heard(), ElementsAre("+a", "+b"));
}

TEST_F(ReflectorOfPods, ListsAgainWhenItsVersionExpiredAndTellsWhatWentMeanwhile) {
    script_.list({pod_json("a", "1"), pod_json("b", "2")}, "10")
        .list({pod_json("b", "2"), pod_json("c", "15")}, "20")
        .watch({410, status_json(410, "Expired", "too old")})
        .watch(std::make_shared<Feed>());
    start();
    ASSERT_TRUE(asks(4));
    EXPECT_THAT(asked(), ElementsAre("list 0", "watch 10", "list 10", "watch 20"));
    EXPECT_THAT(heard(), ElementsAre("+a", "+b", "+c", "-a"));
    EXPECT_TRUE(rests().empty());
}

TEST_F(ReflectorOfPods, ListsAgainAfterAnErrorEvent) {
    const auto first = std::make_shared<Feed>();
    script_.list({}, "10").watch(first).watch(std::make_shared<Feed>());
    start();
    first->write(event_json("ERROR", status_json(410, "Expired", "too old")));
    first->end();
    ASSERT_TRUE(asks(4));
    EXPECT_THAT(asked(), ElementsAre("list 0", "watch 10", "list 10", "watch 10"));
}

TEST_F(ReflectorOfPods, RestsLongerEachTimeIfWatchesFailThoughListsSucceed) {
    script_.list({}, "10")
        .watch({410, status_json(410, "Expired", "too old")})
        .watch({410, status_json(410, "Expired", "too old")})
        .watch({200, "<html>a proxy</html>"})
        .watch({200, "<html>a proxy</html>"})
        .watch(std::make_shared<Feed>());
    start();
    ASSERT_TRUE(asks(10));
    EXPECT_THAT(rests(), ElementsAre(1000ms, 2000ms, 4000ms)) << "not after the first 410";
}

TEST_F(ReflectorOfPods, BeginsAListAnewWhenAPageExpires) {
    script_.list({pod_json("a", "1")}, "10", "page2")
        .list({410, status_json(410, "Expired", "continue token")})
        .list({pod_json("b", "2")}, "20")
        .watch(std::make_shared<Feed>());
    start();
    ASSERT_TRUE(asks(4));
    EXPECT_THAT(asked(), ElementsAre("list 0", "list page2", "list ", "watch 20"));
    EXPECT_THAT(heard(), ElementsAre("+a", "+b", "-a"));
}

TEST_F(ReflectorOfPods, AsksForTheNewestWhenTheServerHasNotGotThatFar) {
    script_.list({}, "10")
        .list({504, status_json(504, "Timeout", "Too large resource version: 10, current: 5")})
        .list({}, "5")
        .watch({410, ""})
        .watch(std::make_shared<Feed>());
    start();
    ASSERT_TRUE(asks(5));
    EXPECT_THAT(asked(), ElementsAre("list 0", "watch 10", "list 10", "list ", "watch 5"));
}

TEST_F(ReflectorOfPods, IsPatientWithASlowServer) {
    const auto list = std::make_shared<Feed>();
    Reply reply;
    reply.feed = list;
    script_.list(reply).watch(std::make_shared<Feed>());
    start();
    ASSERT_TRUE(asks(1));
    for (const char c : list_json({pod_json("a", "1")}, "10")) {
        list->write(std::string(1, c));
    }
    list->end();
    ASSERT_TRUE(asks(2));
    EXPECT_THAT(heard(), ElementsAre("+a"));
}

TEST_F(ReflectorOfPods, LeavesAHalfOpenConnection) {
    pace_.watch_idle = 50ms;
    script_.list({}, "10").watch(std::make_shared<Feed>());
    start();
    ASSERT_TRUE(asks(4));
    EXPECT_THAT(asked().at(0), "list 0");
    EXPECT_THAT(asked().at(3), "watch 10");
    const auto requests = server_->requests();
    EXPECT_NE(requests.at(1).connection, requests.at(2).connection);
}

TEST_F(ReflectorOfPods, LeavesAListThatHangs) {
    pace_.list_idle = 50ms;
    script_.list({200, "", {}, Act::Hang})
        .list({pod_json("a", "1")}, "10")
        .watch(std::make_shared<Feed>());
    start();
    ASSERT_TRUE(asks(3));
    EXPECT_THAT(rests(), ElementsAre(500ms));
}

TEST_F(ReflectorOfPods, ComesBackWhenTheServerSaysSo) {
    script_.list({429, status_json(429, "TooManyRequests", "later"), {{"Retry-After", "7"}}})
        .list({500, status_json(500, "InternalError", "etcd"), {{"Retry-After", "86400"}}})
        .list({500, "etcd"})
        .list({}, "10")
        .watch(std::make_shared<Feed>());
    start();
    ASSERT_TRUE(asks(5));
    EXPECT_THAT(rests(), ElementsAre(7s, 300s, 2s)) << "but not for ever";
}

TEST_F(ReflectorOfPods, RestsLongerUpToALimitAndShorterAgainAfterASuccess) {
    for (int i = 0; i < 9; ++i) {
        script_.list({500, ""});
    }
    script_.list({}, "10").watch({503, ""}).watch(std::make_shared<Feed>());
    start();
    ASSERT_TRUE(asks(12));
    EXPECT_EQ(rests().at(8), 30s);
    EXPECT_EQ(rests().at(9), 500ms);
}

TEST_F(ReflectorOfPods, RestsWhenWatchesEndAtOnce) {
    script_.list({}, "10").watch({200, ""});
    start();
    ASSERT_TRUE(asks(4));
    EXPECT_GE(rests().size(), 2U);
}

TEST_F(ReflectorOfPods, ReadsAnExpiredTokenAgain) {
    const Directory directory;
    const auto file = directory.at("token");
    write_file_durably(file, "old");
    const auto feed = std::make_shared<Feed>();
    server_.emplace([&](const Received& received) -> Reply {
        if (received.headers.at("authorization") != "Bearer new") {
            write_file_durably(file, "new");
            return {401, status_json(401, "Unauthorized", "expired")};
        }
        Reply reply{200, list_json({pod_json("a", "1")}, "10")};
        if (is_watch(received)) {
            reply = {};
            reply.feed = feed;
        }
        return reply;
    });
    auto access = access_to(*server_);
    access.token_file = file;
    start(access);
    ASSERT_TRUE(asks(3));
    EXPECT_TRUE(has("a"));
}

TEST_F(ReflectorOfPods, SaysWhoseTokenIsRefused) {
    server_.emplace([](const Received&) -> Reply {
        return {401, status_json(401, "Unauthorized", "who?")};
    });
    auto access = access_to(*server_);
    access.token = "secret";
    access.origin = "/etc/kubeconfig";
    testing::internal::CaptureStderr();
    start(access);
    EXPECT_TRUE(eventually([&] { return rests().size() >= 2; }));
    mirror_.reset();
    const auto told = testing::internal::GetCapturedStderr();
    EXPECT_THAT(told, HasSubstr("the token of /etc/kubeconfig may have expired"));
    EXPECT_THAT(told, testing::Not(HasSubstr("secret")));
}

TEST_F(ReflectorOfPods, TellsOfListsThatAreRefused) {
    script_.list({404, "404 page not found\n"}).list({}, "10").watch(std::make_shared<Feed>());
    std::string refused;
    effects_.refused = [&](int code, const std::string& text) {
        const std::lock_guard lock(mutex_);
        refused += std::to_string(code) + " " + text + "\n";
    };
    start();
    ASSERT_TRUE(asks(3));
    mirror_.reset();
    EXPECT_EQ(refused,
              "404 404: 404 page not found; the API server does not know pods: is their "
              "CustomResourceDefinition installed?\n");
}

TEST_F(ReflectorOfPods, TellsNothingToAServerItDoesNotTrust) {
    const Identity identity;
    const Identity stranger;
    server_.emplace(script_.handler(), &identity);
    auto access = access_to(*server_, &stranger);
    access.token = "secret";
    start(access);
    ASSERT_TRUE(eventually([&] { return rests().size() >= 2; }));
    EXPECT_TRUE(server_->requests().empty());
    EXPECT_FALSE(mirror_->cache().synced());
    EXPECT_THAT(metrics_.text(),
                HasSubstr(R"(terway_kube_lists_total{ending="untrusted",resource="pods"})"));
}

TEST_F(ReflectorOfPods, WorksOverTls) {
    const Identity identity;
    script_.list({pod_json("a", "1")}, "10").watch(std::make_shared<Feed>());
    server_.emplace(script_.handler(), &identity);
    start(access_to(*server_, &identity));
    ASSERT_TRUE(asks(2));
    EXPECT_TRUE(has("a"));
}

TEST_F(ReflectorOfPods, KeepsOnGoingWhenNobodyListens) {
    Access access;
    access.server = "https://nobody.invalid";
    start(access);
    ASSERT_TRUE(eventually([&] { return rests().size() >= 2; }));
    EXPECT_THAT(metrics_.text(), HasSubstr(R"(ending="unreachable")"));
}

TEST_F(ReflectorOfPods, ReadsAnObjectOfTenMegabytes) {
    const auto feed = std::make_shared<Feed>();
    script_.list({}, "10").watch(feed);
    start();
    ASSERT_TRUE(asks(2));
    feed->write(event_json(
        "ADDED", pod_json("big", "11", "", R"(,"junk":")" + std::string(10U << 20U, 'x') + "\"")));
    ASSERT_TRUE(hears(1));
    EXPECT_TRUE(has("big"));
}

TEST_F(ReflectorOfPods, ListsAgainAfterMalformedEvents) {
    const auto first = std::make_shared<Feed>();
    script_.list({pod_json("a", "1")}, "10")
        .list({pod_json("a", "1"), pod_json("b", "11")}, "11")
        .watch(first)
        .watch(std::make_shared<Feed>());
    start();
    first->write(event_json("ADDED", R"({"metadata": nonsense})"));
    ASSERT_TRUE(asks(4));
    EXPECT_THAT(asked(), ElementsAre("list 0", "watch 10", "list 10", "watch 11"));
    EXPECT_THAT(rests(), ElementsAre(500ms));
    EXPECT_THAT(heard(), ElementsAre("+a", "+b"));
}

TEST_F(ReflectorOfPods, ListsAgainAfterAMalformedList) {
    script_.list({200, "<html>a proxy</html>"})
        .list({200, R"({"items":[)"})
        .list({}, "10")
        .watch(std::make_shared<Feed>());
    start();
    ASSERT_TRUE(asks(4));
    EXPECT_EQ(rests().size(), 2U);
    EXPECT_THAT(metrics_.text(),
                HasSubstr(R"(terway_kube_lists_total{ending="garbled",resource="pods"} 2)"));
}

TEST_F(ReflectorOfPods, KeepsWhatItKnowsWhileTheServerIsAway) {
    const auto first = std::make_shared<Feed>();
    script_.list({pod_json("a", "1")}, "10").watch(first).watch({500, ""});
    start();
    ASSERT_TRUE(hears(1));
    first->cut();
    ASSERT_TRUE(asks(6));
    EXPECT_TRUE(has("a"));
    EXPECT_TRUE(mirror_->cache().synced());
    EXPECT_THAT(heard(), Each(Not("-a")));
}

TEST_F(ReflectorOfPods, StopsWhateverItIsDoing) {
    for (int i = 0; i < 3; ++i) {
        Script script;
        if (i == 1) {
            script.list({}, "10");
        } else if (i == 2) {
            script.list({}, "10").watch(std::make_shared<Feed>());
        }
        server_.emplace(script.handler());
        start(access_to(*server_));
        ASSERT_TRUE(asks(i == 0 ? 1 : 2));
        mirror_.reset();
    }
}

}  // namespace
}  // namespace terway::kube
