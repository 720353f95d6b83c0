#include <sys/socket.h>

#include <arpa/inet.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <iterator>
#include <optional>
#include <thread>

#include "http/http.hpp"
#include "server.hpp"

namespace terway::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing_http::Act;
using testing_http::Identity;
using testing_http::in_turn;
using testing_http::Received;
using testing_http::Reply;
using testing_http::Server;

Options plain() {
    Options options;
    options.allow_plain = true;
    return options;
}

Options trusting(const std::string& authority) {
    Options options;
    options.ca_file = authority;
    return options;
}

Deadline soon() {
    return after(std::chrono::seconds(20));
}

Request get(const std::string& url) {
    Request request;
    request.url = url;
    return request;
}

Request post(const std::string& url, const std::string& body) {
    Request request;
    request.method = "POST";
    request.url = url;
    request.body = body;
    return request;
}

// How sending fails; fails the test if it does not.
std::optional<Failure> failure_of(Client& client, const Request& request,
                                  std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    try {
        static_cast<void>(client.send(request, {}, after(patience)));
        ADD_FAILURE() << "an answer came";
    } catch (const TransportError& error) {
        return error.failure();
    }
    return std::nullopt;
}

std::string complaint_of(Client& client, const Request& request) {
    try {
        static_cast<void>(client.send(request, {}, soon()));
    } catch (const Error& error) {
        return error.what();
    }
    ADD_FAILURE() << "an answer came";
    return "";
}

// A port nobody listens at.
std::string nobody() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd, raw, size), 0);
    EXPECT_EQ(::getsockname(fd, raw, &size), 0);
    ::close(fd);
    return "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

TEST(HttpClient, BringsBackStatusHeadersAndBody) {
    const Server server(in_turn({{418, "short and stout", {{"X-Kind", " teapot "}}}}));
    Client client(plain());
    const auto response = client.send(get(server.url() + "/pot?a=1"), {}, soon());
    EXPECT_EQ(response.status, 418);
    EXPECT_EQ(response.body, "short and stout");
    EXPECT_EQ(response.header("x-kInD"), "teapot");
    EXPECT_EQ(response.header("x-other"), "");
    EXPECT_EQ(server.requests().at(0).target, "/pot?a=1");
}

TEST(HttpClient, SendsOnlyTheHeadersItIsGiven) {
    const Server server(in_turn({{}}));
    Client client(plain());
    auto request = post(server.url(), std::string(3000, 'x'));
    request.headers = {{"X-One", "1"}, {"X-Empty", ""}};
    static_cast<void>(client.send(request, {}, soon()));
    const auto received = server.requests().at(0);
    EXPECT_EQ(received.method, "POST");
    EXPECT_EQ(received.body, request.body);
    std::vector<std::string> names;
    for (const auto& header : received.headers) {
        names.push_back(header.first);
    }
    EXPECT_THAT(names, testing::ElementsAre("content-length", "host", "x-empty", "x-one"));
}

TEST(HttpClient, SendsAPutWithoutABody) {
    const Server server(in_turn({{}}));
    Client client(plain());
    auto request = get(server.url() + "/token");
    request.method = "PUT";
    static_cast<void>(client.send(request, {}, soon()));
    EXPECT_EQ(server.requests().at(0).method, "PUT");
    EXPECT_EQ(server.requests().at(0).headers.at("content-length"), "0");
}

TEST(HttpClient, UsesAConnectionAgain) {
    const Server server(in_turn({{}}));
    Client client(plain());
    for (int i = 0; i < 3; ++i) {
        static_cast<void>(client.send(get(server.url()), {}, soon()));
    }
    EXPECT_EQ(server.requests().at(2).connection, 0);
}

TEST(HttpClient, WritesARequestAgainOnlyIfThatIsAllowed) {
    const Server server(in_turn({{}, {.act = Act::Cut}, {}, {.act = Act::Cut}, {}}));
    Client client(plain());
    static_cast<void>(client.send(post(server.url(), ""), {}, soon()));
    EXPECT_EQ(client.send(post(server.url(), ""), {}, soon()).status, 200);
    EXPECT_EQ(server.requests().size(), 3U) << "libcurl takes a used connection for a dead one";
    auto once = post(server.url(), "");
    once.once = true;
    EXPECT_EQ(failure_of(client, once), Failure::Unknown);
    EXPECT_EQ(server.requests().size(), 4U);
}

TEST(HttpClient, FollowsNoRedirect) {
    const Server server(in_turn({{302, "", {{"Location", "/elsewhere"}}}}));
    Client client(plain());
    EXPECT_EQ(client.send(get(server.url()), {}, soon()).status, 302);
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(HttpClient, UsesNoProxy) {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    const Server server(in_turn({{}}));
    Client client(plain());
    EXPECT_EQ(client.send(get(server.url()), {}, soon()).status, 200);
    ::unsetenv("http_proxy");
    ::unsetenv("ALL_PROXY");
}

TEST(HttpClient, SpeaksInTheClearOnlyIfAllowed) {
    const Server server(in_turn({{}}));
    Client client({});
    EXPECT_THAT(complaint_of(client, get(server.url())), HasSubstr("plain http is allowed only"));
    EXPECT_THAT(complaint_of(client, get("ftp://127.0.0.1/")), HasSubstr("https://"));
    EXPECT_TRUE(server.requests().empty());
}

TEST(HttpClient, RefusesAHeaderThatWouldBecomeTwo) {
    const Server server(in_turn({{}}));
    Client client(plain());
    auto request = get(server.url());
    request.headers = {{"X-One", "1\r\nX-Two: 2"}};
    EXPECT_THAT(complaint_of(client, request), HasSubstr("line break"));
    EXPECT_TRUE(server.requests().empty());
}

TEST(HttpClient, RefusesAnAnswerThatIsTooLarge) {
    const Server server(in_turn({{200, std::string(2000, 'x')}}));
    auto options = plain();
    options.max_body = 1999;
    Client client(options);
    EXPECT_THAT(complaint_of(client, get(server.url())), HasSubstr("more than 1999 bytes"));
}

TEST(HttpClient, KnowsThatNothingWasSentWhenNobodyListens) {
    Client client(plain());
    EXPECT_EQ(failure_of(client, get(nobody())), Failure::NotSent);
}

TEST(HttpClient, KnowsThatNothingWasSentWhenTheHostDoesNotExist) {
    Client client(plain());
    EXPECT_EQ(failure_of(client, get("http://nobody.invalid/")), Failure::NotSent);
}

TEST(HttpClient, DoesNotKnowTheOutcomeWhenTheConnectionIsCut) {
    const Server server(in_turn({{.act = Act::Cut}}));
    Client client(plain());
    EXPECT_EQ(failure_of(client, post(server.url(), "x")), Failure::Unknown);
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(HttpClient, DoesNotKnowTheOutcomeWhenTheAnswerTakesTooLong) {
    const Server server(in_turn({{.act = Act::Hang}}));
    Client client(plain());
    auto request = get(server.url());
    request.timeout = std::chrono::milliseconds(100);
    EXPECT_EQ(failure_of(client, request), Failure::Unknown);
    EXPECT_EQ(failure_of(client, get(server.url()), std::chrono::milliseconds(100)),
              Failure::Unknown);
}

TEST(HttpClient, NamesTheHostAndNotTheRestOfTheUrl) {
    const Server server(in_turn({{.act = Act::Cut}}));
    Client client(plain());
    EXPECT_THAT(complaint_of(client, get(server.url() + "/path?Signature=secret")),
                AllOf(HasSubstr(server.url()), Not(HasSubstr("secret"))));
}

TEST(HttpClient, StopsInTheMiddleOfARequest) {
    const Server server(in_turn({{.act = Act::Hang}}));
    Client client(plain());
    std::stop_source stop;
    auto outcome = std::async(std::launch::async, [&] {
        try {
            static_cast<void>(client.send(get(server.url()), stop.get_token(), Deadline::max()));
        } catch (const TransportError& error) {
            return error.failure();
        }
        return Failure::NotSent;
    });
    ASSERT_TRUE(server.await_requests(1));
    stop.request_stop();
    EXPECT_EQ(outcome.get(), Failure::Stopped);
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(HttpClient, GivesABodyPieceByPieceAsItComes) {
    const auto feed = std::make_shared<testing_http::Feed>();
    Reply reply;
    reply.feed = feed;
    const Server server(in_turn({reply}));
    Client client(plain());
    std::string body;
    const auto take = [&](std::string_view bytes) {
        body += bytes;
        body == "one" ? feed->write("two") : feed->end();
    };
    feed->write("one");
    const auto response = client.stream(get(server.url()), take, std::chrono::hours(1), {}, soon());
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(body, "onetwo");
}

TEST(HttpClient, KeepsTheBodyOfARefusalFromAStream) {
    const Server server(in_turn({{500, "no"}}));
    Client client(plain());
    const auto take = [](std::string_view) { ADD_FAILURE(); };
    EXPECT_EQ(client.stream(get(server.url()), take, std::chrono::hours(1), {}, soon()).body, "no");
}

// How a stream of `feed` ends.
std::optional<Failure> failure_of_stream(
    const std::shared_ptr<testing_http::Feed>& feed, std::chrono::milliseconds idle,
    const std::stop_token& stop = {}, const Take& take = [](std::string_view) {}) {
    Reply reply;
    reply.feed = feed;
    const Server server(in_turn({reply}));
    Client client(plain());
    try {
        static_cast<void>(client.stream(get(server.url()), take, idle, stop, soon()));
    } catch (const TransportError& error) {
        return error.failure();
    }
    return std::nullopt;
}

TEST(HttpClient, LeavesAStreamThatHasGoneSilent) {
    const auto feed = std::make_shared<testing_http::Feed>();
    feed->write("one");
    EXPECT_EQ(failure_of_stream(feed, std::chrono::milliseconds(100)), Failure::Silent);
}

TEST(HttpClient, MissesTheEndOfAStream) {
    const auto feed = std::make_shared<testing_http::Feed>();
    feed->write("one");
    feed->cut();
    EXPECT_EQ(failure_of_stream(feed, std::chrono::hours(1)), Failure::Unknown);
}

TEST(HttpClient, StopsInTheMiddleOfAStream) {
    const auto feed = std::make_shared<testing_http::Feed>();
    feed->write("one");
    std::stop_source stop;
    EXPECT_EQ(failure_of_stream(feed, std::chrono::hours(1), stop.get_token(),
                                [&](std::string_view) { stop.request_stop(); }),
              Failure::Stopped);
}

TEST(HttpClient, PassesOnWhatTheTakerOfAStreamThrows) {
    const auto feed = std::make_shared<testing_http::Feed>();
    feed->write("one");
    EXPECT_THROW((void)failure_of_stream(feed, std::chrono::hours(1), {},
                                         [](std::string_view) { throw std::out_of_range("x"); }),
                 std::out_of_range);
}

TEST(HttpClient, ServesManyThreadsAtOnce) {
    const Server server([](const Received& received) { return Reply{200, received.target}; });
    Client client(plain());
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            for (int j = 0; j < 20; ++j) {
                const auto path = "/" + std::to_string(i) + "/" + std::to_string(j);
                EXPECT_EQ(client.send(get(server.url() + path), {}, soon()).body, path);
            }
        });
    }
    threads.clear();
    EXPECT_EQ(server.requests().size(), 160U);
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(HttpClient, KeepsFewDescriptorsOfMany) {
    constexpr std::size_t kMany = 60;
    const auto before = open_descriptors();
    Client client(plain());
    {
        auto server = std::make_optional<Server>(in_turn({{200, "", {}, Act::Hang}}));
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < kMany; ++i) {
            threads.emplace_back([&client, request = get(server->url())] {
                EXPECT_THROW((void)client.send(request, {}, soon()), TransportError);
            });
        }
        ASSERT_TRUE(server->await_requests(kMany));
        server.reset();
    }
    EXPECT_LT(open_descriptors() - before, kMany);
}

TEST(HttpClient, SpeaksTlsWithWhomItsAuthorityVouchesFor) {
    const Identity identity;
    const Server server(in_turn({{200, "safe"}}), &identity);
    Client client(trusting(identity.authority()));
    EXPECT_EQ(client.send(get(server.url()), {}, soon()).body, "safe");
}

TEST(HttpClient, RefusesACertificateOfAnotherAuthority) {
    const Identity identity;
    const Identity stranger;
    const Server server(in_turn({{}}), &identity);
    Client client(trusting(stranger.authority()));
    EXPECT_EQ(failure_of(client, get(server.url())), Failure::Untrusted);
    Client with_system_authorities({});
    EXPECT_THAT(complaint_of(with_system_authorities, get(server.url())), HasSubstr("not trusted"));
    EXPECT_TRUE(server.requests().empty());
}

TEST(HttpClient, RefusesACertificateOfAnotherHost) {
    const Identity identity("DNS:ecs.example.com");
    const Server server(in_turn({{}}), &identity);
    Client client(trusting(identity.authority()));
    EXPECT_EQ(failure_of(client, get(server.url())), Failure::Untrusted);
    EXPECT_TRUE(server.requests().empty());
}

TEST(HttpClient, NamesAnAuthorityFileThatIsMissing) {
    const Identity identity;
    const Server server(in_turn({{}}), &identity);
    Client client(trusting("/nonexistent/ca.pem"));
    EXPECT_THAT(complaint_of(client, get(server.url())), HasSubstr("/nonexistent/ca.pem"));
}

}  // namespace
}  // namespace terway::http
