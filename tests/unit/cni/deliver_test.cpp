#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "cni/client.hpp"
#include "cni/ticket.hpp"
#include "support.hpp"

namespace terway::cni {
namespace {

using test::environment_for;
using test::FakeDaemon;
using testing::HasSubstr;
using testing::IsEmpty;

class Deliver : public testing::Test {
protected:
    [[nodiscard]] Invocation invocation(const std::string& verb) const {
        return {environment_for(verb),
                test::config_with(R"("prevResult":{},"socket":")" + socket() + R"(","queue":")" +
                                  queue() + '"')};
    }
    [[nodiscard]] Reply deliver_verb(const std::string& verb,
                                     std::chrono::milliseconds span = std::chrono::seconds(20)) {
        const auto call = invocation(verb);
        return deliver(call, parse_request(call), -1,
                       {.connect = after(span), .answer = after(span)});
    }
    [[nodiscard]] std::string socket() const { return scratch_ / "cni.sock"; }
    [[nodiscard]] std::string queue() const { return scratch_ / "queue"; }
    [[nodiscard]] std::vector<std::string> tickets() const { return test::files_in(queue()); }

    test::ScratchDirectory scratch_;
};

void die(Connection& /*connection*/) {}

void die_after_reading(Connection& connection) {
    static_cast<void>(connection.receive(after(std::chrono::seconds(20))));
}

FakeDaemon::Behaviour answer(const Reply& reply) {
    return [reply](Connection& connection) {
        static_cast<void>(connection.receive(after(std::chrono::seconds(20))));
        connection.send({FrameKind::CniReply, encode_reply(reply)},
                        after(std::chrono::seconds(20)));
    };
}

FakeDaemon::Behaviour answer_raw(FrameKind kind, const std::string& payload) {
    return [kind, payload](Connection& connection) {
        static_cast<void>(connection.receive(after(std::chrono::seconds(20))));
        connection.send({kind, payload}, after(std::chrono::seconds(20)));
    };
}

TEST_F(Deliver, GivesBackWhatTheDaemonSays) {
    const Reply reply{1, "{\"code\":7}\n"};
    const FakeDaemon daemon(socket(), {answer(reply)});
    EXPECT_EQ(deliver_verb("ADD"), reply);
}

TEST_F(Deliver, SendsTheInvocationAsItIs) {
    Invocation seen;
    {
        const FakeDaemon daemon(socket(), {[&](Connection& connection) {
                                    const auto request =
                                        connection.receive(after(std::chrono::seconds(20)));
                                    seen = decode_invocation(request.frame.payload);
                                    connection.send({FrameKind::CniReply, R"({"exit":0})"},
                                                    after(std::chrono::seconds(20)));
                                }});
        EXPECT_EQ(deliver_verb("STATUS"), Reply::done());
    }
    EXPECT_EQ(seen, invocation("STATUS"));
}

TEST_F(Deliver, LeavesATicketOnlyForADeleteThatNobodyHears) {
    for (const auto& [verb, code] :
         std::vector<std::pair<const char*, const char*>>{{"ADD", "\"code\":11"},
                                                          {"CHECK", "\"code\":11"},
                                                          {"GC", "\"code\":11"},
                                                          {"STATUS", "\"code\":50"}}) {
        const auto reply = deliver_verb(verb);
        EXPECT_EQ(reply.exit, 1) << verb;
        EXPECT_THAT(reply.output, HasSubstr(code)) << verb;
        EXPECT_THAT(tickets(), IsEmpty()) << verb;
    }
    EXPECT_EQ(deliver_verb("DEL"), Reply::done());
    EXPECT_THAT(tickets(), testing::ElementsAre("pods@0123abc@eth0.ticket"));
}

TEST_F(Deliver, LeavesATicketForADaemonThatDiesBeforeReadingOrBeforeAnswering) {
    for (const auto& behaviour :
         {FakeDaemon::Behaviour(die), FakeDaemon::Behaviour(die_after_reading)}) {
        const FakeDaemon daemon(socket(), {behaviour, behaviour});
        EXPECT_EQ(deliver_verb("DEL"), Reply::done());
        EXPECT_TRUE(TicketQueue(queue()).remove({"pods", "0123abc", "eth0"}));
    }
}

TEST_F(Deliver, KnocksAgainOnceTheTicketIsThereAndTakesItBackWhenHeard) {
    bool ticket_was_there = false;
    {
        const FakeDaemon daemon(
            socket(),
            {die, [&](Connection& connection) {
                 ticket_was_there = TicketQueue(queue()).exists({"pods", "0123abc", "eth0"});
                 answer(Reply::done())(connection);
             }});
        EXPECT_EQ(deliver_verb("DEL"), Reply::done());
    }
    EXPECT_TRUE(ticket_was_there);
    EXPECT_THAT(tickets(), IsEmpty());
}

TEST_F(Deliver, ReportsTheFailureOfADeleteThatWasHeardAtLast) {
    const Reply failure{1, "{\"code\":11}\n"};
    const FakeDaemon daemon(socket(), {die, answer(failure)});
    EXPECT_EQ(deliver_verb("DEL"), failure);
    EXPECT_THAT(tickets(), IsEmpty());
}

TEST_F(Deliver, KeepsTheTicketOfADaemonThatDiesTwice) {
    const FakeDaemon daemon(socket(), {die_after_reading, die_after_reading});
    EXPECT_EQ(deliver_verb("DEL"), Reply::done());
    EXPECT_EQ(tickets().size(), 1U);
}

TEST_F(Deliver, FailsADeleteForWhichNoTicketCanBeWritten) {
    write_file_durably(queue(), "in the way");
    const auto reply = deliver_verb("DEL");
    EXPECT_EQ(reply.exit, 1);
    EXPECT_THAT(reply.output, HasSubstr("\"code\":11"));
    EXPECT_THAT(reply.output, HasSubstr(queue()));
    EXPECT_THAT(reply.output, HasSubstr(socket()));
}

TEST_F(Deliver, HearsADaemonThatAnswersWithoutReadingAndHangsUp) {
    const Reply busy{1, "{\"code\":11}\n"};
    std::jthread daemon([&, listener = test::listen_at(socket())] {
        Connection connection(Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
        connection.send({FrameKind::CniReply, encode_reply(busy)}, after(std::chrono::seconds(20)));
    });
    // Larger than the socket's buffer, so that the binary is still sending when it is hung up on.
    auto call = invocation("DEL");
    call.config.insert(call.config.size() - 1, ",\"x\":\"" + std::string(1U << 20U, 'x') + '"');
    const auto soon = after(std::chrono::seconds(20));
    EXPECT_EQ(deliver(call, parse_request(call), -1, {.connect = soon, .answer = soon}), busy);
    EXPECT_THAT(tickets(), IsEmpty());
}

// There is a daemon, so the runtime may as well come again.
TEST_F(Deliver, DoesNotSucceedWhenTheDaemonIsTooSlow) {
    for (const auto& [verb, code] : std::vector<std::pair<const char*, const char*>>{
             {"ADD", "\"code\":11"}, {"DEL", "\"code\":11"}, {"STATUS", "\"code\":50"}}) {
        const auto listener = test::listen_at(socket());
        const auto reply = deliver_verb(verb, std::chrono::milliseconds(30));
        EXPECT_EQ(reply.exit, 1);
        EXPECT_THAT(reply.output, HasSubstr(code)) << verb;
        EXPECT_THAT(tickets(), IsEmpty());
        ::unlink(socket().c_str());
    }
}

TEST_F(Deliver, DoesNotSucceedOnAnAnswerItDoesNotUnderstand) {
    for (const auto& behaviour :
         {answer_raw(FrameKind::CniReply, "garbage"), answer_raw(FrameKind::CniReply, "{}"),
          answer_raw(FrameKind::CtlReply, R"({"exit":0})"),
          answer_raw(FrameKind::CniReply, R"({"exit":0,"stdout":"not json"})"),
          FakeDaemon::Behaviour([](Connection& connection) {
              write_all(connection.fd(), "client", "HTTP/1.1 400 Bad Request\r\n\r\n");
              die_after_reading(connection);
          })}) {
        for (const auto* verb : {"ADD", "DEL"}) {
            const FakeDaemon daemon(socket(), {behaviour});
            const auto reply = deliver_verb(verb);
            EXPECT_EQ(reply.exit, 1);
            EXPECT_THAT(reply.output, HasSubstr("\"code\":11"));
            EXPECT_THAT(tickets(), IsEmpty());
        }
    }
}

TEST_F(Deliver, AnswersInTheVersionOfTheConfiguration) {
    auto call = invocation("ADD");
    call.config.replace(call.config.find("1.1.0"), 5, "0.4.0");
    const auto soon = after(std::chrono::seconds(1));
    const auto reply = deliver(call, parse_request(call), -1, {.connect = soon, .answer = soon});
    EXPECT_THAT(reply.output, HasSubstr(R"("cniVersion":"0.4.0")"));
}

}  // namespace
}  // namespace terway::cni
