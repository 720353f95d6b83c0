// The server over loopback: streams, faults of the bytes, connections that end.
#include "sim/kube/server.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/fd.hpp"

namespace terway::sim::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

constexpr auto kPatience = 20s;

class Client {
public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(
            ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    }

    void send(const std::string& method, const std::string& target, const std::string& body = "") {
        const std::string request =
            method + " " + target +
            " HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer admin-token\r\n" +
            "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
        EXPECT_EQ(::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(request.size()));
    }

    // All that has come so far, once it contains `text`; or everything if the connection ends.
    const std::string& until(const std::string& text) {
        const auto deadline = after(kPatience);
        std::size_t searched = 0;
        while (heard_.find(text, searched) == std::string::npos && !ended_ &&
               Clock::now() < deadline) {
            searched = heard_.size() - std::min(heard_.size(), text.size());
            receive(left(deadline));
        }
        return heard_;
    }
    bool ends() {
        const auto deadline = after(kPatience);
        while (!ended_ && Clock::now() < deadline) {
            receive(left(deadline));
        }
        return ended_;
    }
    // Whether nothing comes for a while.
    bool is_quiet(std::chrono::milliseconds span) {
        pollfd wanted{fd_.get(), POLLIN, 0};
        return ::poll(&wanted, 1, static_cast<int>(span.count())) == 0;
    }
    const std::string& heard() const { return heard_; }
    void forget() { heard_.clear(); }

private:
    void receive(std::chrono::milliseconds limit) {
        pollfd wanted{fd_.get(), POLLIN, 0};
        if (::poll(&wanted, 1, static_cast<int>(limit.count())) != 1) {
            return;
        }
        std::array<char, 65536> part{};
        const auto size = ::recv(fd_.get(), part.data(), part.size(), 0);
        ended_ = size <= 0;
        heard_.append(part.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }

    Fd fd_;
    std::string heard_;
    bool ended_ = false;
};

class Server : public ::testing::Test {
protected:
    static constexpr const char* kPods = "/api/v1/namespaces/default/pods";
    KubeServer server_;
    std::uint16_t port_ = server_.listen("127.0.0.1", 0, false);

    void make(const std::string& name) {
        server_.with([&](Api& api) {
            (void)api.cluster().create(kind_named("pods"), "default",
                                       {{"metadata", {{"name", name}}}}, {wall_now(), false});
        });
    }
    std::string version() {
        return std::to_string(server_.with([](Api& api) { return api.store().version(); }));
    }
    std::string watch(const std::string& more = "") {
        return std::string(kPods) + "?watch=true&resourceVersion=" + version() + more;
    }
    void strike(FaultRule::Kind kind) {
        FaultRule rule;
        rule.action = "* pods";
        rule.kind = kind;
        rule.times = 1;
        server_.with([&](Api& api) { api.faults().add(rule, wall_now()); });
    }
};

TEST_F(Server, AWatchHearsWhatOthersDo) {
    Client client(port_);
    client.send("GET", watch());
    EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked"));
    make("a");
    EXPECT_THAT(client.until("}\n"), HasSubstr(R"({"type":"ADDED","object":{"kind":"Pod")"));
    Client other(port_);
    other.send("DELETE", std::string(kPods) + "/a");
    EXPECT_THAT(other.until("\"a\""), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(client.until("DELETED"), HasSubstr("DELETED"));
}

TEST_F(Server, AConnectionServesOnAfterAWatchHasEnded) {
    Client client(port_);
    client.send("GET", watch("&timeoutSeconds=600"));
    (void)client.until("\r\n\r\n");
    server_.skip(601s);
    EXPECT_THAT(client.until("\r\n0\r\n\r\n"), HasSubstr("0\r\n\r\n"));
    client.forget();
    client.send("GET", "/healthz");
    EXPECT_THAT(client.until("ok"), StartsWith("HTTP/1.1 200"));
}

TEST_F(Server, ATornWatchEndsInTheMiddleOfAnObject) {
    strike(FaultRule::Kind::Torn);
    Client client(port_);
    client.send("GET", watch());
    (void)client.until("\r\n\r\n");
    make("a");
    EXPECT_TRUE(client.ends());
    EXPECT_THAT(client.heard(), HasSubstr("{\"type\":\"ADDED\""));
    EXPECT_THAT(client.heard(), Not(HasSubstr("}\n")));
}

TEST_F(Server, AGarbledAnswerIsNoJson) {
    strike(FaultRule::Kind::Garbage);
    Client client(port_);
    client.send("GET", kPods);
    EXPECT_THAT(client.until("0\r\n\r\n"), HasSubstr("no JSON"));
}

TEST_F(Server, ATrickleArrivesWholeAtLast) {
    make("a");
    strike(FaultRule::Kind::Trickle);
    Client client(port_);
    client.send("GET", std::string(kPods) + "/a");
    EXPECT_THAT(client.until("\r\n0\r\n\r\n"), HasSubstr("\r\n10\r\n"));
}

TEST_F(Server, AHalfOpenWatchSaysNothing) {
    strike(FaultRule::Kind::Silent);
    Client client(port_);
    client.send("GET", watch());
    (void)client.until("\r\n\r\n");
    make("a");
    EXPECT_TRUE(client.is_quiet(300ms));
}

TEST_F(Server, ConnectionsEndWhenTheyAreClosedAndAreRefusedWhileItIsDown) {
    Client client(port_);
    client.send("GET", watch());
    (void)client.until("\r\n\r\n");
    server_.close_connections();
    EXPECT_TRUE(client.ends());
    server_.set_down(true);
    Client refused(port_);
    EXPECT_TRUE(refused.ends());
    server_.set_down(false);
    Client again(port_);
    again.send("GET", "/readyz");
    EXPECT_THAT(again.until("ok"), StartsWith("HTTP/1.1 200"));
}

TEST_F(Server, ALargeObjectIsServed) {
    constexpr std::size_t kSize = 10U << 20U;
    server_.with([](Api& api) {
        (void)api.cluster().create(
            kind_named("configmaps"), "default",
            {{"metadata", {{"name", "big"}}}, {"data", {{"x", std::string(kSize, 'x')}}}},
            {wall_now(), false});
    });
    Client client(port_);
    client.send("GET", "/api/v1/namespaces/default/configmaps/big");
    EXPECT_GT(client.until("}}").size(), kSize);
}

TEST_F(Server, ManyWatchesHearTheSame) {
    std::vector<std::unique_ptr<Client>> clients;
    const std::string target = watch();
    for (int count = 0; count < 20; ++count) {
        clients.push_back(std::make_unique<Client>(port_));
        clients.back()->send("GET", target);
    }
    make("a");
    for (const auto& client : clients) {
        EXPECT_THAT(client->until("ADDED"), HasSubstr("ADDED"));
    }
}

}  // namespace
}  // namespace terway::sim::kube
