// The real binary, run as a container runtime runs it.
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "base/file.hpp"
#include "base/netns.hpp"
#include "cni/message.hpp"
#include "cni/ticket.hpp"
#include "support.hpp"

namespace terway::cni {
namespace {

using test::Child;
using test::FakeDaemon;
using test::Outcome;
using test::run_binary;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kLong = std::chrono::seconds(20);

class Binary : public testing::Test {
protected:
    [[nodiscard]] std::string config(const std::string& more = {}) const {
        return test::config_with(R"("prevResult":{},"socket":")" + socket() + R"(","queue":")" +
                                 queue() + '"' + (more.empty() ? "" : ',' + more));
    }
    // In a network namespace of its own.
    [[nodiscard]] Environment environment(const std::string& verb) const {
        auto env = test::environment_for(verb);
        if (env.contains("CNI_NETNS")) {
            env["CNI_NETNS"] = netns_path();
        }
        return env;
    }
    [[nodiscard]] std::string netns_path() const {
        return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(netns_.fd());
    }
    [[nodiscard]] std::string socket() const { return scratch_ / "cni.sock"; }
    [[nodiscard]] std::string queue() const { return scratch_ / "queue"; }
    [[nodiscard]] std::vector<std::string> tickets() const { return test::files_in(queue()); }

    test::ScratchDirectory scratch_;
    Netns netns_ = Netns::create();
};

void expect_error(const Outcome& outcome, int code, const std::string& text = {}) {
    EXPECT_EQ(outcome.exit, 1) << outcome.out;
    const auto document = boost::json::parse(outcome.out);  // throws unless it is exactly one
    EXPECT_EQ(document.at("code").as_int64(), code) << outcome.out;
    EXPECT_FALSE(document.at("cniVersion").as_string().empty());
    EXPECT_THAT(outcome.out, HasSubstr(text));
    EXPECT_EQ(outcome.err, "");
}

void expect_success(const Outcome& outcome, const std::string& out = {}) {
    EXPECT_EQ(outcome.exit, 0) << outcome.out;
    EXPECT_EQ(outcome.out, out);
    EXPECT_EQ(outcome.err, "");
}

struct Seen {
    Invocation invocation;
    bool with_fd = false;
    std::uint64_t inode = 0;
};

FakeDaemon::Behaviour answer(const Reply& reply, Seen* seen = nullptr) {
    return [reply, seen](Connection& connection) {
        auto request = connection.receive(after(kLong));
        if (seen != nullptr) {
            seen->invocation = decode_invocation(request.frame.payload);
            seen->with_fd = static_cast<bool>(request.fd);
            seen->inode = request.fd ? Netns::adopt(std::move(request.fd)).inode() : 0;
        }
        connection.send({FrameKind::CniReply, encode_reply(reply)}, after(kLong));
    };
}

TEST_F(Binary, IsStaticAndSmall) {
    struct stat info {};
    ASSERT_EQ(::stat(TERWAY_BINARY, &info), 0);
    EXPECT_LE(info.st_size, 2200 * 1024);
    const auto image = read_file(TERWAY_BINARY);
    ElfW(Ehdr) header{};
    ASSERT_GE(image.size(), sizeof(header));
    std::memcpy(&header, image.data(), sizeof(header));
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        ElfW(Phdr) segment{};
        std::memcpy(&segment, image.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
        EXPECT_NE(segment.p_type, unsigned{PT_INTERP}) << "it needs a dynamic loader";
    }
}

TEST_F(Binary, PrintsTheResultOfAnAddAndNothingElse) {
    Result result;
    result.interfaces = {{.name = "eth0", .sandbox = netns_path()}};
    Seen seen;
    {
        const FakeDaemon daemon(socket(), {answer(Reply::success(result, kNewestVersion), &seen)});
        auto env = environment("ADD");
        env["TRACEPARENT"] = "00-aa-bb-01";
        env["HOME"] = "/root";
        expect_success(run_binary(env, config()), result.to_json(kNewestVersion));
    }
    auto expected = environment("ADD");
    expected["TRACEPARENT"] = "00-aa-bb-01";
    EXPECT_EQ(seen.invocation, (Invocation{expected, config()}));
    EXPECT_TRUE(seen.with_fd);
    EXPECT_EQ(seen.inode, netns_.inode());
}

TEST_F(Binary, PrintsTheErrorOfTheDaemonAndExitsWithItsCode) {
    const Reply reply{3, "{\"cniVersion\":\"1.1.0\",\"code\":100,\"msg\":\"no\"}\n"};
    const FakeDaemon daemon(socket(), {answer(reply)});
    const auto outcome = run_binary(environment("ADD"), config());
    EXPECT_EQ(outcome.exit, 3);
    EXPECT_EQ(outcome.out, reply.output);
}

TEST_F(Binary, SendsNoNamespaceWithVerbsThatHaveNone) {
    for (const auto* verb : {"GC", "STATUS"}) {
        Seen seen;
        {
            const FakeDaemon daemon(socket(), {answer(Reply::done(), &seen)});
            expect_success(run_binary(environment(verb), config()));
        }
        EXPECT_EQ(seen.invocation.env["CNI_COMMAND"], verb);
        EXPECT_FALSE(seen.with_fd);
    }
}

TEST_F(Binary, DeletesWhetherTheNamespaceIsThereOrNot) {
    write_file_durably(scratch_ / "plain", "");
    for (const auto& [path, with_fd] :
         std::vector<std::pair<std::string, bool>>{{netns_path(), true},
                                                   {"", false},
                                                   {scratch_ / "gone", false},
                                                   {scratch_ / "plain", false}}) {
        Seen seen;
        {
            const FakeDaemon daemon(socket(), {answer(Reply::done(), &seen)});
            auto env = environment("DEL");
            env["CNI_NETNS"] = path;
            expect_success(run_binary(env, config()));
        }
        EXPECT_EQ(seen.with_fd, with_fd) << path;
    }
}

TEST_F(Binary, RefusesANamespaceThatIsNone) {
    write_file_durably(scratch_ / "plain", "");
    for (const auto* verb : {"ADD", "CHECK"}) {
        for (const auto& path : {scratch_ / "gone", scratch_ / "plain"}) {
            auto env = environment(verb);
            env["CNI_NETNS"] = path;
            expect_error(run_binary(env, config()), 8, path);
        }
    }
}

TEST_F(Binary, RefusesItsOwnNamespaceUnlessToldOtherwise) {
    for (const auto* verb : {"ADD", "DEL"}) {
        auto env = environment(verb);
        env["CNI_NETNS"] = "/proc/self/ns/net";
        expect_error(run_binary(env, config()), 8, "CNI_NETNS_OVERRIDE");
        env["CNI_NETNS_OVERRIDE"] = "1";
        const FakeDaemon daemon(socket(), {answer(Reply::done())});
        expect_success(run_binary(env, config()));
    }
}

TEST_F(Binary, RefusesABadEnvironmentBeforeItReadsItsInput) {
    const auto outcome = run_binary({{"CNI_COMMAND", "ADD"}}, "{");
    expect_error(outcome, 4, "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH");
}

TEST_F(Binary, RefusesAnUnknownCommand) {
    expect_error(run_binary({{"CNI_COMMAND", "NOPE"}}, config()), 4, "NOPE");
}

TEST_F(Binary, RefusesABadConfigurationInItsOwnVersion) {
    expect_error(run_binary(environment("ADD"), "{"), 6);
    const auto outcome = run_binary(environment("ADD"), R"({"cniVersion":"0.4.0"})");
    expect_error(outcome, 7, R"("cniVersion":"0.4.0")");
    expect_error(run_binary(environment("ADD"), R"({"cniVersion":"0.1.0","name":"n"})"), 1,
                 R"("cniVersion":"1.1.0")");
}

TEST_F(Binary, SaysThatItCannotReadItsInput) {
    Child child(environment("ADD"), Fd(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    expect_error(child.wait(), 5, "standard input");
}

TEST_F(Binary, RefusesAnInputWithoutEnd) {
    expect_error(run_binary(environment("ADD"), std::string(2U << 20U, ' ')), 5, "larger");
}

TEST_F(Binary, AnswersVersionWithoutADaemon) {
    expect_success(run_binary({{"CNI_COMMAND", "VERSION"}}, R"({"cniVersion":"0.4.0"})"),
                   version_document("0.4.0"));
    expect_success(run_binary({{"CNI_COMMAND", "VERSION"}}, ""), version_document("1.1.0"));
    expect_success(run_binary({{"CNI_COMMAND", "VERSION"}}, "}{"), version_document("1.1.0"));
}

TEST_F(Binary, AnswersVersionThoughItsInputStaysOpen) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const Fd keep_open(ends[1]);
    Child child({{"CNI_COMMAND", "VERSION"}}, Fd(ends[0]));
    expect_success(child.wait(), version_document("1.1.0"));
}

TEST_F(Binary, IntroducesItselfWhenThereIsNoCommand) {
    for (const auto& env : {Environment{}, Environment{{"CNI_COMMAND", ""}}}) {
        const auto outcome = run_binary(env, "");
        EXPECT_EQ(outcome.exit, 0);
        EXPECT_EQ(outcome.out, "");
        EXPECT_THAT(outcome.err, HasSubstr("CNI plugin"));
        EXPECT_THAT(outcome.err, HasSubstr("0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0"));
    }
}

TEST_F(Binary, ExplainsItselfToPeople) {
    for (const auto* option : {"--help", "--version"}) {
        const auto outcome = Child({}, std::string(), {option}).wait();
        EXPECT_EQ(outcome.exit, 0);
        EXPECT_THAT(outcome.out, HasSubstr("terway " TERWAY_VERSION));
    }
    const auto outcome = Child({}, std::string(), {"--hepl"}).wait();
    EXPECT_EQ(outcome.exit, 2);
    EXPECT_THAT(outcome.err, HasSubstr("--hepl"));
    EXPECT_EQ(outcome.out, "");
}

TEST_F(Binary, WithoutADaemonFailsEveryVerbButDelete) {
    for (const auto& [verb, code] : std::vector<std::pair<const char*, int>>{
             {"ADD", 11}, {"CHECK", 11}, {"GC", 11}, {"STATUS", 50}}) {
        expect_error(run_binary(environment(verb), config()), code, socket());
    }
    EXPECT_THAT(tickets(), IsEmpty());
    expect_success(run_binary(environment("DEL"), config()));
    EXPECT_THAT(tickets(), ElementsAre("pods@0123abc@eth0.ticket"));
    const auto ticket = TicketQueue(queue()).read(tickets()[0]);
    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->request.netns, netns_path());
}

TEST_F(Binary, WithADaemonThatDiesFailsEveryVerbButDelete) {
    const FakeDaemon::Behaviour die = [](Connection& connection) {
        static_cast<void>(connection.receive(after(kLong)));
    };
    for (const auto& [verb, code] : std::vector<std::pair<const char*, int>>{
             {"ADD", 11}, {"CHECK", 11}, {"GC", 11}, {"STATUS", 50}}) {
        const FakeDaemon daemon(socket(), {die});
        expect_error(run_binary(environment(verb), config()), code, "closed");
    }
    const FakeDaemon daemon(socket(), {die});
    expect_success(run_binary(environment("DEL"), config()));
    EXPECT_THAT(tickets(), ElementsAre("pods@0123abc@eth0.ticket"));
}

TEST_F(Binary, TakesItsTicketBackFromADaemonThatJustCame) {
    const FakeDaemon daemon(socket(), {[](Connection&) {}, answer(Reply::done())});
    expect_success(run_binary(environment("DEL"), config()));
    EXPECT_THAT(tickets(), IsEmpty());
}

TEST_F(Binary, FailsOnGarbage) {
    const FakeDaemon::Behaviour garbage = [](Connection& connection) {
        write_all(connection.fd(), "client", "this is no frame, is it?");
        static_cast<void>(connection.receive(after(kLong)));
    };
    const FakeDaemon daemon(socket(), {garbage});
    expect_error(run_binary(environment("ADD"), config()), 11, "wire protocol");
}

TEST_F(Binary, WaitsForASlowAnswer) {
    std::atomic<bool> asked = false;
    std::atomic<bool> answer_now = false;
    const FakeDaemon daemon(
        socket(), {[&](Connection& connection) {
            static_cast<void>(connection.receive(after(kLong)));
            asked = true;
            EXPECT_TRUE(test::eventually([&] { return answer_now.load(); }));
            const auto header = encode_header({FrameKind::CniReply, 10, false});
            for (const auto byte : header) {
                write_all(connection.fd(), "client", {reinterpret_cast<const char*>(&byte), 1});
            }
            write_all(connection.fd(), "client", R"({"exit":0})");
        }});
    Child child(environment("STATUS"), config());
    ASSERT_TRUE(test::eventually([&] { return asked.load(); }));
    answer_now = true;
    expect_success(child.wait());
}

TEST_F(Binary, EndsAtOnceWhenInterruptedAndTheDaemonNotices) {
    std::atomic<bool> asked = false;
    std::atomic<bool> noticed = false;
    const FakeDaemon daemon(socket(), {[&](Connection& connection) {
                                static_cast<void>(connection.receive(after(kLong)));
                                asked = true;
                                noticed =
                                    test::eventually([&] { return connection.closed_by_peer(); });
                            }});
    Child child(environment("DEL"), config());
    ASSERT_TRUE(test::eventually([&] { return asked.load(); }));
    child.signal(SIGINT);
    const auto outcome = child.wait();
    EXPECT_EQ(outcome.signal, SIGINT);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(test::eventually([&] { return noticed.load(); }));
    EXPECT_THAT(tickets(), IsEmpty());
}

}  // namespace
}  // namespace terway::cni
