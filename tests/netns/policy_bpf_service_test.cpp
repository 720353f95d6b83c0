// policy-bpf translates Services on the pod's device: what a client sees of them.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "policy_cluster.hpp"
#include "terway/error.hpp"
#include "terway/testing.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using sdk::testing::ServiceBuilder;

constexpr std::uint16_t kService = 80;
constexpr std::uint16_t kTarget = 8080;
constexpr std::uint8_t kTcp = IPPROTO_TCP;
constexpr std::uint8_t kUdp = IPPROTO_UDP;

// Of whose pods: "veth", unless the variable names another.
Dataplane dataplane() {
    const char* const wanted = std::getenv("TERWAY_TEST_DATAPLANE");
    return parse_dataplane(wanted == nullptr ? "veth" : wanted).value();
}

IpAddress address(const std::string& text) {
    return IpAddress::parse(text).value();
}

struct Endpoint {
    sockaddr_storage raw{};
    socklen_t size = 0;
};
Endpoint endpoint(const IpAddress& of, std::uint16_t port) {
    Endpoint out;
    if (of.is_v4()) {
        auto* const in = reinterpret_cast<sockaddr_in*>(&out.raw);
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        std::copy(of.bytes().begin(), of.bytes().end(),
                  reinterpret_cast<std::uint8_t*>(&in->sin_addr));
        out.size = sizeof *in;
    } else {
        auto* const in = reinterpret_cast<sockaddr_in6*>(&out.raw);
        in->sin6_family = AF_INET6;
        in->sin6_port = htons(port);
        std::copy(of.bytes().begin(), of.bytes().end(), in->sin6_addr.s6_addr);
        out.size = sizeof *in;
    }
    return out;
}

Fd socket_in(const Netns& netns, const IpAddress& like, int type) {
    const NetnsScope scope(netns.fd());
    Fd made(::socket(like.is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made) {
        throw system_error("socket", errno);
    }
    const int on = 1;
    (void)::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return made;
}

bool is_ready(const Fd& fd, short what, std::chrono::milliseconds limit = patience()) {
    pollfd wanted{fd.get(), what, 0};
    return ::poll(&wanted, 1, static_cast<int>(limit.count())) == 1;
}

// Accepts TCP and says its name to whoever connects.
class Server {
public:
    Server(const Netns& netns, const IpAddress& at, std::uint16_t port)
        : fd_(socket_in(netns, at, SOCK_STREAM)) {
        const auto where = endpoint(at, port);
        if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&where.raw), where.size) != 0 ||
            ::listen(fd_.get(), 64) != 0) {
            throw system_error("listen", errno);
        }
    }
    [[nodiscard]] std::optional<Fd> accept() const {
        if (!is_ready(fd_, POLLIN)) {
            return std::nullopt;
        }
        return Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }

private:
    Fd fd_;
};

struct Client {
    Fd fd;
    int error = 0;  // ETIMEDOUT: no answer within the limit
};
Client connect_to(const Netns& from, const IpAddress& to, std::uint16_t port,
                  std::chrono::milliseconds limit = patience()) {
    Client client{socket_in(from, to, SOCK_STREAM), 0};
    const auto where = endpoint(to, port);
    if (::connect(client.fd.get(), reinterpret_cast<const sockaddr*>(&where.raw), where.size) !=
            0 &&
        errno != EINPROGRESS) {
        client.error = errno;
        return client;
    }
    if (!is_ready(client.fd, POLLOUT, limit)) {
        client.error = ETIMEDOUT;
        return client;
    }
    socklen_t size = sizeof client.error;
    (void)::getsockopt(client.fd.get(), SOL_SOCKET, SO_ERROR, &client.error, &size);
    return client;
}

bool says(const Fd& from, const Fd& to, const std::string& text) {
    if (::send(from.get(), text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size())) {
        return false;
    }
    std::string heard(text.size(), '\0');
    std::size_t have = 0;
    while (have < heard.size() && is_ready(to, POLLIN)) {
        const auto got = ::recv(to.get(), heard.data() + have, heard.size() - have, MSG_DONTWAIT);
        if (got <= 0) {
            return false;
        }
        have += static_cast<std::size_t>(got);
    }
    return heard == text;
}

class PolicyBpfService : public testing::Test {
protected:
    PolicyBpfService() {
        cluster_.add_node("n1", {address("192.168.9.1"), address("fd00:9::1")});
        for (const auto& [name, addresses] : addresses_) {
            cluster_.add_pod("x/" + name, "n1", addresses);
        }
        open_all();
    }

    static std::shared_ptr<const policy::RuleSet> open() {
        auto made = std::make_shared<policy::RuleSet>();
        made->id = policy::id_of<policy::RuleSetId>("open");
        return made;
    }
    static std::shared_ptr<const policy::RuleSet> nothing() {
        auto made = std::make_shared<policy::RuleSet>();
        made->id = policy::id_of<policy::RuleSetId>("nothing");
        made->tiers.emplace_back();
        return made;
    }
    void open_all() {
        policy::Update update;
        for (const auto& [name, _] : addresses_) {
            update.endpoints.push_back({{"x", name}, 1, open(), open(), {}});
        }
        cluster_.apply(update, true);
    }
    void tell(ServiceBuilder& services, bool is_full = true) {
        cluster_.on_node("n1", [&] {
            cluster_.module("n1").apply_services(is_full ? services.full(++revision_)
                                                         : services.difference(++revision_));
        });
    }
    void tell_one(const std::string& backend, std::uint8_t state = TWY_BACKEND_READY) {
        for (const std::size_t family : {0U, 1U}) {
            ServiceBuilder services;
            for (const auto protocol : {kTcp, kUdp}) {
                services.frontend(vips_[family].text(), kService, protocol)
                    .backend(at(backend, family).text(), kTarget, state);
            }
            tell(services, false);
        }
    }
    // A datagram to the Service is answered by an error.
    bool is_refused(const IpAddress& vip) {
        const auto client = socket_in(pod("a"), vip, SOCK_DGRAM);
        const auto where = endpoint(vip, kService);
        char byte = 0;
        return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&where.raw), where.size) ==
                   0 &&
               ::send(client.get(), "ask", 3, 0) == 3 && is_ready(client, POLLIN) &&
               ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == -1 && errno == ECONNREFUSED;
    }
    const Netns& pod(const std::string& name) { return cluster_.pod("x/" + name).netns; }
    const IpAddress& at(const std::string& name, std::size_t family = 0) const {
        return addresses_.at(name)[family];
    }

    const std::map<std::string, std::vector<IpAddress>> addresses_{
        {"a", {address("10.7.0.1"), address("fd00:7::1")}},
        {"b", {address("10.7.0.2"), address("fd00:7::2")}},
        {"c", {address("10.7.0.3"), address("fd00:7::3")}}};
    const std::vector<IpAddress> vips_{address("10.96.0.10"), address("fd00:96::10")};
    std::uint64_t revision_ = 0;
    PolicyCluster cluster_{dataplane(), PolicyModule::Bpf};
};

TEST_F(PolicyBpfService, ATcpConnectionReachesTheBackendAndComesFromTheService) {
    tell_one("b");
    for (const std::size_t family : {0U, 1U}) {
        const Server server(pod("b"), at("b", family), kTarget);
        const auto client = connect_to(pod("a"), vips_[family], kService);
        ASSERT_EQ(client.error, 0) << vips_[family].text();
        const auto accepted = server.accept();
        ASSERT_TRUE(accepted);
        EXPECT_TRUE(says(client.fd, *accepted, "what a client says"));
        EXPECT_TRUE(says(*accepted, client.fd, std::string(100'000, 'x')));
    }
}

TEST_F(PolicyBpfService, AnsweredDatagramsComeFromTheService) {
    tell_one("b");
    for (const std::size_t family : {0U, 1U}) {
        const Udp server(pod("b").fd(), at("b", family), kTarget);
        const Udp client(pod("a").fd(), at("a", family), 4000);
        client.send(vips_[family], kService, "ask");
        const auto asked = server.receive();
        ASSERT_TRUE(asked) << vips_[family].text();
        EXPECT_EQ(asked->from, at("a", family));
        server.send(at("a", family), 4000, "answer");
        const auto answer = client.receive();
        ASSERT_TRUE(answer) << vips_[family].text();
        EXPECT_EQ(answer->text, "answer");
        EXPECT_EQ(answer->from, vips_[family]);
        EXPECT_EQ(answer->port, kService);
    }
}

TEST_F(PolicyBpfService, DatagramsThatNeedFragmentsArriveWhole) {
    tell_one("b");
    const std::string large(20'000, 'f');
    for (const std::size_t family : {0U, 1U}) {
        const Udp server(pod("b").fd(), at("b", family), kTarget);
        const Udp client(pod("a").fd(), at("a", family), 4000);
        client.send(vips_[family], kService, large);
        const auto asked = server.receive();
        ASSERT_TRUE(asked) << vips_[family].text();
        EXPECT_TRUE(asked->text == large) << asked->text.size();
        server.send(at("a", family), 4000, large);
        const auto answer = client.receive();
        ASSERT_TRUE(answer) << vips_[family].text();
        EXPECT_TRUE(answer->text == large) << answer->text.size();
        EXPECT_EQ(answer->from, vips_[family]);
    }
}

TEST_F(PolicyBpfService, PolicyJudgesTheBackend) {
    auto only = std::make_shared<policy::RuleSet>();
    only->id = policy::id_of<policy::RuleSetId>("only b");
    only->tiers.emplace_back().classes = {
        {policy::Protocol::Tcp,
         kTarget,
         kTarget,
         {{policy::Action::Allow, {false, {policy::id_of<policy::SetId>("b")}}}}}};
    policy::Update update;
    policy::SetChange set;
    set.id = policy::id_of<policy::SetId>("b");
    set.is_new = true;
    set.added.addresses = {at("b")};
    update.sets = {set};
    update.endpoints = {{{"x", "a"}, 2, open(), only, {}},
                        {{"x", "b"}, 1, open(), open(), {}},
                        {{"x", "c"}, 1, open(), open(), {}}};
    cluster_.apply(update, true);
    const Server b(pod("b"), at("b"), kTarget);
    const Server c(pod("c"), at("c"), kTarget);
    tell_one("b");
    EXPECT_EQ(connect_to(pod("a"), vips_[0], kService).error, 0);
    tell_one("c");
    EXPECT_EQ(connect_to(pod("a"), vips_[0], kService, std::chrono::milliseconds(300)).error,
              ETIMEDOUT);
}

TEST_F(PolicyBpfService, WithoutABackendConnectionsAreRefusedAtOnce) {
    ServiceBuilder services;
    for (const auto& vip : vips_) {
        services.frontend(vip.text(), kService, kTcp).frontend(vip.text(), kService, kUdp);
    }
    tell(services);
    for (const std::size_t family : {0U, 1U}) {
        EXPECT_EQ(connect_to(pod("a"), vips_[family], kService).error, ECONNREFUSED) << family;
        EXPECT_TRUE(is_refused(vips_[family])) << family;
    }
}

TEST_F(PolicyBpfService, WhatWasRefusedLetsNobodyIn) {
    policy::Update update;
    update.endpoints = {{{"x", "a"}, 2, nothing(), nothing(), {}},
                        {{"x", "b"}, 1, open(), open(), {}},
                        {{"x", "c"}, 1, open(), open(), {}}};
    cluster_.apply(update, true);
    ServiceBuilder services;  // at the address of a pod, which can answer for itself
    services.frontend(at("b").text(), 99, kUdp);
    tell(services);
    const Udp a(pod("a").fd(), at("a"), 4000);
    const Udp b(pod("b").fd(), at("b"), 99);
    a.send(at("b"), 99, "ask");
    b.send(at("a"), 4000, "come in");
    EXPECT_FALSE(a.receive(std::chrono::milliseconds(200)));
    ServiceBuilder none;
    tell(none);
    try {
        a.send(at("b"), 99, "get out");
    } catch (const Error&) {  // inside a pod who sends is told
    }
    EXPECT_FALSE(b.receive(std::chrono::milliseconds(200)));
}

TEST_F(PolicyBpfService, AnAnswerToWhoAsksFromAPortOfAServiceIsNoRequestToIt) {
    ServiceBuilder services;
    services.frontend(at("b").text(), 5000, kUdp).backend(at("c").text(), kTarget);
    tell(services);
    const Udp a(pod("a").fd(), at("a"), 4000);
    const Udp b(pod("b").fd(), at("b"), 5000);
    const Udp c(pod("c").fd(), at("c"), kTarget);
    b.send(at("a"), 4000, "ask");
    ASSERT_TRUE(a.receive());
    a.send(at("b"), 5000, "answer");
    EXPECT_TRUE(b.receive());
    EXPECT_FALSE(c.receive(std::chrono::milliseconds(50)));
}

TEST_F(PolicyBpfService, WhatIsToBeDroppedWithoutABackendIsDropped) {
    ServiceBuilder services;
    services.frontend(vips_[0].text(), kService, kTcp).drops_without_backends();
    tell(services);
    EXPECT_EQ(connect_to(pod("a"), vips_[0], kService, std::chrono::milliseconds(300)).error,
              ETIMEDOUT);
}

TEST_F(PolicyBpfService, APodReachesItselfByItsService) {
    tell_one("a");
    for (const std::size_t family : {0U, 1U}) {
        const Server server(pod("a"), at("a", family), kTarget);
        for (int i = 0; i < 3; ++i) {
            const auto client = connect_to(pod("a"), vips_[family], kService);
            ASSERT_EQ(client.error, 0) << vips_[family].text();
            const auto accepted = server.accept();
            ASSERT_TRUE(accepted);
            EXPECT_TRUE(says(client.fd, *accepted, "to myself"));
            EXPECT_TRUE(says(*accepted, client.fd, "from myself"));
        }
    }
}

TEST_F(PolicyBpfService, ConnectionsAreSpreadOverAllBackends) {
    ServiceBuilder services;
    services.frontend(vips_[0].text(), kService, kTcp)
        .backend(at("b").text(), kTarget)
        .backend(at("c").text(), kTarget);
    tell(services);
    const Server b(pod("b"), at("b"), kTarget);
    const Server c(pod("c"), at("c"), kTarget);
    std::vector<Client> clients;
    for (int i = 0; i < 60; ++i) {
        clients.push_back(connect_to(pod("a"), vips_[0], kService));
        ASSERT_EQ(clients.back().error, 0);
    }
    // That all of 60 go to one of two happens once in 2^59 runs.
    EXPECT_TRUE(b.accept());
    EXPECT_TRUE(c.accept());
}

TEST_F(PolicyBpfService, AClientComesBackToItsBackend) {
    ServiceBuilder services;
    services.frontend(vips_[0].text(), kService, kUdp)
        .affinity(60)
        .backend(at("b").text(), kTarget)
        .backend(at("c").text(), kTarget);
    tell(services);
    const Udp b(pod("b").fd(), at("b"), kTarget);
    const Udp c(pod("c").fd(), at("c"), kTarget);
    for (std::uint16_t port = 4000; port < 4040; ++port) {
        const Udp client(pod("a").fd(), at("a"), port);
        client.send(vips_[0], kService, "ask");
    }
    std::set<std::string> asked;
    int heard = 0;
    const auto listen = [&](const Udp& server, const char* name) {
        while (server.receive(std::chrono::milliseconds(heard < 40 ? 300 : 50))) {
            asked.insert(name);
            ++heard;
        }
    };
    listen(b, "b");
    listen(c, "c");
    EXPECT_EQ(heard, 40);
    EXPECT_EQ(asked.size(), 1U);
}

TEST_F(PolicyBpfService, ADrainingBackendKeepsItsConnectionsAndGetsNoNewOnes) {
    const Server b(pod("b"), at("b"), kTarget);
    const Server c(pod("c"), at("c"), kTarget);
    tell_one("b");
    const auto old = connect_to(pod("a"), vips_[0], kService);
    ASSERT_EQ(old.error, 0);
    const auto at_b = b.accept();
    ASSERT_TRUE(at_b);
    ServiceBuilder services;
    services.frontend(vips_[0].text(), kService, kTcp)
        .backend(at("b").text(), kTarget, TWY_BACKEND_DRAINING)
        .backend(at("c").text(), kTarget);
    tell(services, false);
    EXPECT_TRUE(says(old.fd, *at_b, "still here"));
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(connect_to(pod("a"), vips_[0], kService).error, 0);
        EXPECT_TRUE(c.accept());
    }
}

TEST_F(PolicyBpfService, DatagramsLeaveABackendThatIsGone) {
    tell_one("b");
    const Udp b(pod("b").fd(), at("b"), kTarget);
    const Udp c(pod("c").fd(), at("c"), kTarget);
    const Udp client(pod("a").fd(), at("a"), 4000);
    client.send(vips_[0], kService, "first");
    ASSERT_TRUE(b.receive());
    tell_one("c");
    client.send(vips_[0], kService, "second");
    EXPECT_TRUE(c.receive());
    EXPECT_FALSE(b.receive(std::chrono::milliseconds(50)));
}

TEST_F(PolicyBpfService, AnErrorOfTheBackendReachesTheClientOfTheService) {
    tell_one("b");  // where nobody listens
    for (const std::size_t family : {0U, 1U}) {
        EXPECT_TRUE(is_refused(vips_[family])) << family;
    }
}

TEST_F(PolicyBpfService, WhatIsNoServiceAnyMoreIsNotTranslated) {
    tell_one("b");
    const Server b(pod("b"), at("b"), kTarget);
    ASSERT_EQ(connect_to(pod("a"), vips_[0], kService).error, 0);
    ServiceBuilder nothing;
    tell(nothing);
    EXPECT_NE(connect_to(pod("a"), vips_[0], kService, std::chrono::milliseconds(300)).error, 0);
}

TEST_F(PolicyBpfService, ConnectionsOutliveTheDaemonAndServicesStayInForce) {
    tell_one("b");
    const Server b(pod("b"), at("b"), kTarget);
    const auto old = connect_to(pod("a"), vips_[0], kService);
    ASSERT_EQ(old.error, 0);
    const auto at_b = b.accept();
    ASSERT_TRUE(at_b);
    cluster_.restart();
    EXPECT_TRUE(says(old.fd, *at_b, "while nobody is told"));
    EXPECT_EQ(connect_to(pod("a"), vips_[0], kService).error, 0);
    open_all();
    tell_one("b");
    EXPECT_TRUE(says(*at_b, old.fd, "afterwards"));
}

}  // namespace
}  // namespace terway::test
