#include "cni/ticket.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "cni/failure.hpp"
#include "cni/message.hpp"
#include "support.hpp"

namespace terway::cni {
namespace {

using test::config_with;
using test::environment_for;
using test::ScratchDirectory;
using testing::ElementsAre;
using testing::IsEmpty;

Invocation deletion(const std::string& id, const std::string& ifname = "eth0") {
    auto env = environment_for("DEL");
    env["CNI_CONTAINERID"] = id;
    env["CNI_IFNAME"] = ifname;
    return {env, config_with()};
}

TicketKey key_of(const Invocation& invocation) {
    return TicketKey::of(parse_request(invocation));
}

unsigned mode_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777U;
}

TEST(TicketName, IsTheKeyAsFarAsAFileNameAllows) {
    EXPECT_EQ(ticket_file_name({"pods", "0123abc", "eth0"}), "pods@0123abc@eth0.ticket");
    EXPECT_EQ(ticket_file_name({"pods", "a", "e@%\x01"}), "pods@a@e%40%25%01.ticket");
}

TEST(TicketName, TellsEveryTwoKeysApart) {
    const std::string tall(300, 'x');
    std::set<std::string> names;
    const std::vector<TicketKey> keys = {{"a", "b", "c"},
                                         {"a", "b", "c@"},
                                         {"a", "b.c", "c"},
                                         {"a.b", "c", "c"},
                                         {"a", "b", "%63"},
                                         {tall, "b", "c"},
                                         {tall, "b", "d"},
                                         {tall + "x", "b", "c"},
                                         {"a", tall, "c"},
                                         {"a", tall + "x", "c"},
                                         {"a", tall, "d"},
                                         {tall, tall, "c"},
                                         {std::string(190, 'x'), "b", "c"},
                                         {std::string(200, 'x'), "b", "c"}};
    for (const auto& key : keys) {
        const auto name = ticket_file_name(key);
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_EQ(name, ticket_file_name(key));
        EXPECT_LE(name.size(), 220U);
        EXPECT_EQ(name.find('/'), std::string::npos);
    }
}

TEST(Ticket, HoldsTheRequestUntilItIsRemoved) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "a/b/queue");
    const auto invocation = deletion("0123abc");
    queue.write(invocation);
    EXPECT_TRUE(queue.exists(key_of(invocation)));
    const auto names = queue.list();
    ASSERT_THAT(names, ElementsAre("pods@0123abc@eth0.ticket"));
    const auto ticket = queue.read(names[0]);
    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->key, (TicketKey{"pods", "0123abc", "eth0"}));
    EXPECT_EQ(ticket->request.verb, Verb::Del);
    EXPECT_EQ(ticket->request.netns, "/run/netns/pod");
    EXPECT_EQ(decode_invocation(read_file(queue.directory() + '/' + names[0])), invocation);
    EXPECT_TRUE(queue.remove(ticket->key));
    EXPECT_FALSE(queue.exists(ticket->key));
    EXPECT_FALSE(queue.remove(ticket->key));
    EXPECT_THAT(queue.list(), IsEmpty());
}

TEST(Ticket, IsForRootAlone) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "queue");
    queue.write(deletion("a"));
    EXPECT_EQ(mode_of(scratch / "queue"), 0700U);
    EXPECT_EQ(mode_of(scratch / "queue/pods@a@eth0.ticket"), 0600U);
}

TEST(Ticket, OfARepeatedDeleteReplacesTheFirst) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "queue");
    auto invocation = deletion("a");
    queue.write(invocation);
    invocation.env["CNI_ARGS"] = "K8S_POD_NAME=later";
    queue.write(invocation);
    ASSERT_THAT(queue.list(), ElementsAre("pods@a@eth0.ticket"));
    EXPECT_EQ(queue.read(queue.list()[0])->request.args.pod_name, "later");
}

TEST(Ticket, IsOneForEachAttachment) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "queue");
    queue.write(deletion("a", "eth0"));
    queue.write(deletion("a", "eth1"));
    queue.write(deletion("b", "eth0"));
    EXPECT_EQ(queue.list().size(), 3U);
    EXPECT_TRUE(queue.remove(key_of(deletion("a", "eth1"))));
    EXPECT_TRUE(queue.exists(key_of(deletion("a", "eth0"))));
    EXPECT_TRUE(queue.exists(key_of(deletion("b", "eth0"))));
}

TEST(Ticket, IsListedOldestFirst) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "queue");
    for (const auto* id : {"c", "a", "b"}) {
        queue.write(deletion(id));
    }
    time_t second = 1000;
    for (const auto* id : {"b", "c", "a"}) {
        const timespec stamp{.tv_sec = ++second, .tv_nsec = 0};
        const timespec times[2] = {stamp, stamp};
        const auto path = queue.directory() + "/pods@" + id + "@eth0.ticket";
        ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    }
    EXPECT_THAT(queue.list(),
                ElementsAre("pods@b@eth0.ticket", "pods@c@eth0.ticket", "pods@a@eth0.ticket"));
}

TEST(Ticket, InNoQueueAtAllIsNoTicket) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "missing");
    EXPECT_THAT(queue.list(), IsEmpty());
    EXPECT_FALSE(queue.exists({"a", "b", "c"}));
    EXPECT_FALSE(queue.remove({"a", "b", "c"}));
    EXPECT_FALSE(queue.read("a@b@c.ticket"));
    EXPECT_FALSE(std::filesystem::exists(scratch / "missing"));
}

TEST(Ticket, ForAnythingButADeleteIsRefused) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "queue");
    EXPECT_THROW(queue.write({environment_for("ADD"), config_with()}), CniError);
    EXPECT_THROW(queue.write({environment_for("DEL"), "{"}), CniError);
    EXPECT_THAT(test::files_in(scratch / "queue"), IsEmpty());
}

TEST(Ticket, ThatIsTornAtAnyByteIsSetAsideAndNotLost) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "queue");
    queue.write(deletion("a"));
    const std::string name = "pods@a@eth0.ticket";
    const auto path = queue.directory() + '/' + name;
    const auto whole = read_file(path);
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        std::ofstream(path) << whole.substr(0, cut);
        EXPECT_FALSE(queue.read(name)) << cut;
        EXPECT_THAT(queue.list(), IsEmpty());
        EXPECT_THAT(test::files_in(queue.directory()), ElementsAre(name + ".bad"));
        EXPECT_EQ(read_file(path + ".bad"), whole.substr(0, cut));
    }
}

TEST(Ticket, UnderTheNameOfAnotherIsSetAside) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "queue");
    queue.write(deletion("a"));
    write_file_durably(queue.directory() + "/pods@b@eth0.ticket", encode_invocation(deletion("a")));
    EXPECT_FALSE(queue.read("pods@b@eth0.ticket"));
    EXPECT_THAT(queue.list(), ElementsAre("pods@a@eth0.ticket"));
}

TEST(Ticket, ThatIsNoDeleteIsSetAside) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "queue");
    queue.write(deletion("a"));
    auto invocation = deletion("a");
    invocation.env["CNI_COMMAND"] = "ADD";
    write_file_durably(queue.directory() + "/pods@a@eth0.ticket", encode_invocation(invocation));
    EXPECT_FALSE(queue.read("pods@a@eth0.ticket"));
    EXPECT_THAT(test::files_in(queue.directory()), ElementsAre("pods@a@eth0.ticket.bad"));
}

TEST(Ticket, HalfWrittenByAProcessThatDiedIsNotListed) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "queue");
    queue.write(deletion("a"));
    write_file_durably(queue.directory() + "/pods@b@eth0.ticket.tmp-1-1", "{\"env\"");
    EXPECT_THAT(queue.list(), ElementsAre("pods@a@eth0.ticket"));
}

TEST(Ticket, IsWholeAtEveryMomentHoweverManyWriteIt) {
    const ScratchDirectory scratch;
    TicketQueue queue(scratch / "queue");
    queue.write(deletion("same"));
    {
        std::vector<std::jthread> writers;
        writers.reserve(4);
        for (int writer = 0; writer < 4; ++writer) {
            writers.emplace_back([&queue, writer] {
                for (int turn = 0; turn < 10; ++turn) {
                    auto invocation = deletion("same");
                    invocation.env["CNI_ARGS"] =
                        "K8S_POD_NAME=" + std::string(static_cast<std::size_t>(writer) * 5000, 'x');
                    queue.write(invocation);
                    queue.write(deletion("w" + std::to_string(writer) + std::to_string(turn)));
                }
            });
        }
        for (int turn = 0; turn < 200; ++turn) {
            ASSERT_TRUE(queue.read("pods@same@eth0.ticket"));
        }
    }
    EXPECT_EQ(queue.list().size(), 41U);
    EXPECT_EQ(test::files_in(queue.directory()).size(), 41U);
}

TEST(Ticket, ThatCannotBeWrittenSaysWhere) {
    const ScratchDirectory scratch;
    write_file_durably(scratch / "file", "x");
    TicketQueue queue(scratch / "file/queue");
    try {
        queue.write(deletion("a"));
        FAIL() << "written";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr(scratch / "file"));
    }
}

}  // namespace
}  // namespace terway::cni
