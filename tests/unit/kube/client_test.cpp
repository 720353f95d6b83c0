#include "kube/client.hpp"

#include <future>

#include <gmock/gmock.h>

#include "api_server.hpp"
#include "base/file.hpp"

namespace terway::kube {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing_http::in_turn;

Patience soon() {
    return {{}, after(std::chrono::seconds(20))};
}

struct Caller {
    explicit Caller(const Access& access) : session(access) {}
    Words words;
    Session session;
    Client client{session, words};
};

TEST(KubeClient, GetsOneObject) {
    const Server server(in_turn({{200, pod_json("a", "3")}}));
    Caller caller(access_to(server));
    const auto pod = caller.client.get<Pod>({"default", "a"}, soon());
    ASSERT_TRUE(pod);
    EXPECT_EQ(pod->meta.version, "3");
    EXPECT_EQ(server.requests().at(0).target, "/api/v1/namespaces/default/pods/a");
    (void)caller.client.get<Pod>({"default", "a"}, soon(), true);
    EXPECT_EQ(server.requests().at(1).target,
              "/api/v1/namespaces/default/pods/a?resourceVersion=0");
}

TEST(KubeClient, GetsNothingIfThereIsNone) {
    const Server server(in_turn({{404, status_json(404, "NotFound", "no")}}));
    Caller caller(access_to(server));
    EXPECT_FALSE(caller.client.get<Node>({"", "n1"}, soon()));
    EXPECT_EQ(server.requests().at(0).target, "/api/v1/nodes/n1");
}

TEST(KubeClient, TakesAStrangersPageForNoAnswer) {
    const Server server(in_turn({{404, "404 page not found\n"}}));
    Caller caller(access_to(server));
    EXPECT_THAT(complaint_of([&] {
                    (void)caller.client.get<Node>({"", "n1"}, soon());
                }),
                HasSubstr("404: 404 page not found"));
}

TEST(KubeClient, SendsNothingForANameThatLeadsElsewhere) {
    const Server server(in_turn({{200, "{}"}}));
    Caller caller(access_to(server));
    for (const Key& key : {Key{"a", ".."}, Key{"..", "b"}, Key{"a", ""}}) {
        EXPECT_THROW((void)caller.client.get<Pod>(key, soon()), Error);
        EXPECT_THROW(caller.client.patch<Pod>(key, Patch::Merge, "{}", soon()), Error);
    }
    EXPECT_TRUE(server.requests().empty());
    (void)complaint_of([&] { (void)caller.client.get<Pod>({"a/b", "c?d"}, soon()); });
    EXPECT_EQ(server.requests().at(0).target, "/api/v1/namespaces/a%2Fb/pods/c%3Fd");
}

TEST(KubeClient, ComplainsOfWhatItIsRefused) {
    const Server server(in_turn({{403, status_json(403, "Forbidden", "user x may not")}}));
    Caller caller(access_to(server));
    EXPECT_EQ(complaint_of([&] {
                  (void)caller.client.get<Node>({"", "n1"}, soon());
              }),
              "GET /api/v1/nodes/n1: 403 Forbidden: user x may not");
}

TEST(KubeClient, ComplainsOfAnAnswerItCannotRead) {
    const Server server(
        in_turn({{200, "{\"metadata\":"}, {200, "<html>"}, {200, pod_json("b", "1")}}));
    Caller caller(access_to(server));
    for (int i = 0; i < 3; ++i) {
        EXPECT_THAT(complaint_of([&] {
                        (void)caller.client.get<Pod>({"default", "a"}, soon());
                    }),
                    HasSubstr("GET /api/v1/namespaces/default/pods/a: "));
    }
}

TEST(KubeClient, PatchesAsItIsTold) {
    const Server server(in_turn({{200, "{}"}}));
    Caller caller(access_to(server));
    caller.client.patch<Pod>({"default", "a"}, Patch::Merge, "{\"x\":1}", soon());
    caller.client.patch<Node>({"", "n1"}, Patch::Strategic, "{}", soon(), "status");
    const auto requests = server.requests();
    EXPECT_EQ(requests.at(0).method, "PATCH");
    EXPECT_EQ(requests.at(0).target, "/api/v1/namespaces/default/pods/a?fieldManager=terway");
    EXPECT_EQ(requests.at(0).headers.at("content-type"), "application/merge-patch+json");
    EXPECT_EQ(requests.at(0).body, "{\"x\":1}");
    EXPECT_EQ(requests.at(1).target, "/api/v1/nodes/n1/status?fieldManager=terway");
    EXPECT_EQ(requests.at(1).headers.at("content-type"), "application/strategic-merge-patch+json");
}

TEST(KubeClient, CreatesAnEvent) {
    const Server server(in_turn({{201, "{}"}, {409, status_json(409, "AlreadyExists", "twice")}}));
    Caller caller(access_to(server));
    caller.client.create_event("default", "{}", soon());
    EXPECT_EQ(server.requests().at(0).method, "POST");
    EXPECT_EQ(server.requests().at(0).target, "/api/v1/namespaces/default/events");
    EXPECT_THAT(complaint_of([&] { caller.client.create_event("default", "{}", soon()); }),
                HasSubstr("POST /api/v1/namespaces/default/events: 409 AlreadyExists: twice"));
}

TEST(KubeClient, NamesTheCallWhenNobodyAnswers) {
    Access access;
    access.server = "https://nobody.invalid";
    Caller caller(access);
    EXPECT_THAT(complaint_of([&] { caller.client.create_event("a", "{}", soon()); }),
                AllOf(HasSubstr("POST /api/v1/namespaces/a/events: https://nobody.invalid"),
                      HasSubstr("no connection")));
}

TEST(KubeClient, ShowsItsToken) {
    const Server server(in_turn({{200, pod_json("a", "3")}}));
    auto access = access_to(server);
    access.token = "secret";
    Caller caller(access);
    (void)caller.client.get<Pod>({"default", "a"}, soon());
    EXPECT_EQ(server.requests().at(0).headers.at("authorization"), "Bearer secret");
}

TEST(KubeClient, ReadsAnExpiredTokenAgain) {
    const Directory directory;
    const auto file = directory.at("token");
    write_file_durably(file, "old");
    const Server server([&](const Received& received) -> Reply {
        if (received.headers.at("authorization") == "Bearer new") {
            return {200, pod_json("a", "3")};
        }
        write_file_durably(file, "new");
        return {401, status_json(401, "Unauthorized", "expired")};
    });
    auto access = access_to(server);
    access.token_file = file;
    Caller caller(access);
    EXPECT_TRUE(caller.client.get<Pod>({"default", "a"}, soon()));
    EXPECT_EQ(server.requests().size(), 2U);
}

TEST(KubeClient, DoesNotRepeatACallWithTheSameToken) {
    const Server server(in_turn({{401, status_json(401, "Unauthorized", "who?")}}));
    auto access = access_to(server);
    access.token = "wrong";
    Caller caller(access);
    EXPECT_THAT(complaint_of([&] { caller.client.create_event("a", "{}", soon()); }),
                HasSubstr("401 Unauthorized: who?"));
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(KubeClient, ProvesWhoItIsWithACertificate) {
    const Identity identity;
    const Server server(in_turn({{200, pod_json("a", "3")}}), &identity);
    auto access = access_to(server, &identity);
    access.http.certificate.file = identity.certificate();
    access.http.key.file = identity.key();
    Caller with_files(access);
    (void)with_files.client.get<Pod>({"default", "a"}, soon());
    EXPECT_EQ(server.requests().at(0).peer, "test server");
    access.http.certificate = {"", read_file(identity.certificate())};
    access.http.key = {"", read_file(identity.key())};
    access.http.ca_text = read_file(std::exchange(access.http.ca_file, ""));
    Caller with_texts(access);
    (void)with_texts.client.get<Pod>({"default", "a"}, soon());
    EXPECT_EQ(server.requests().at(1).peer, "test server");
}

TEST(KubeClient, TrustsOnlyItsAuthorityUnlessToldOtherwise) {
    const Identity identity;
    const Identity stranger;
    const Server server(in_turn({{200, pod_json("a", "3")}}), &identity);
    auto access = access_to(server, &stranger);
    access.token = "secret";
    Caller careful(access);
    EXPECT_THAT(complaint_of([&] {
                    (void)careful.client.get<Pod>({"default", "a"}, soon());
                }),
                HasSubstr("not trusted"));
    EXPECT_TRUE(server.requests().empty());
    access.http.verify = false;
    Caller blind(access);
    EXPECT_TRUE(blind.client.get<Pod>({"default", "a"}, soon()));
}

TEST(KubeClient, StopsInTheMiddleOfACall) {
    const Server server(in_turn({{200, "", {}, Act::Hang}}));
    Caller caller(access_to(server));
    std::stop_source stop;
    auto outcome = std::async(std::launch::async, [&] {
        return complaint_of([&] {
            (void)caller.client.get<Pod>({"default", "a"}, {stop.get_token(), Deadline::max()});
        });
    });
    ASSERT_TRUE(server.await_requests(1));
    stop.request_stop();
    EXPECT_THAT(outcome.get(), HasSubstr("stopped"));
}

}  // namespace
}  // namespace terway::kube
