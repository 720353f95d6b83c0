#include "cni/wire.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "support.hpp"
#include "terway/error.hpp"

namespace terway::cni {
namespace {

using test::Pair;
using testing::HasSubstr;

constexpr auto kLong = std::chrono::seconds(20);
constexpr auto kShort = std::chrono::milliseconds(30);

std::string bytes_of(const Frame& frame) {
    const auto header =
        encode_header({frame.kind, static_cast<std::uint32_t>(frame.payload.size()), false});
    return std::string(header.begin(), header.end()) + frame.payload;
}

// The error of `body`, which must fail.
template <class Body>
Error failure_of(Body&& body) {
    try {
        body();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "no error";
    return {Status::Internal, "none"};
}

ino_t inode_of(int fd) {
    struct stat info {};
    EXPECT_EQ(::fstat(fd, &info), 0);
    return info.st_ino;
}

// Sends one byte with `count` descriptors, then the rest of `bytes`.
void send_with_descriptors(const Connection& to, const std::string& bytes, std::vector<int> fds) {
    std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
    iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(head), fds.data(), fds.size() * sizeof(int));
    ASSERT_EQ(::sendmsg(to.fd(), &message, 0), 1);
    write_all(to.fd(), "peer", std::string_view(bytes).substr(1));
}

TEST(Header, IsLittleEndianOnEveryMachine) {
    const auto bytes = encode_header({FrameKind::CtlReply, 0x00030201, true});
    EXPECT_EQ(bytes, (HeaderBytes{'T', 'W', 'Y', '1', 1, 0, 4, 0, 1, 2, 3, 0, 1, 0, 0, 0}));
    EXPECT_EQ(decode_header(bytes), (Header{FrameKind::CtlReply, 0x00030201, true}));
}

TEST(Header, IsRefusedForEveryFieldThatIsWrong) {
    const auto good = encode_header({FrameKind::CniRequest, 10, false});
    const auto refused = [&](std::size_t at, unsigned char value) {
        auto bytes = good;
        bytes[at] = value;
        const auto error = failure_of([&] { static_cast<void>(decode_header(bytes)); });
        EXPECT_EQ(error.status(), Status::Invalid);
        return std::string(error.what());
    };
    for (const std::size_t at : {0U, 1U, 2U, 3U}) {
        EXPECT_THAT(refused(at, 'x'), HasSubstr("magic"));
    }
    EXPECT_THAT(refused(4, 2), HasSubstr("wire protocol 2, this side 1"));
    EXPECT_THAT(refused(5, 1), HasSubstr("wire protocol 257"));
    EXPECT_THAT(refused(6, 0), HasSubstr("kind of frame 0"));
    EXPECT_THAT(refused(6, 7), HasSubstr("kind of frame 7"));
    EXPECT_THAT(refused(11, 1), HasSubstr("limit is 4194304"));
    EXPECT_THAT(refused(12, 2), HasSubstr("flags"));
    EXPECT_THAT(refused(15, 0x80), HasSubstr("flags"));
}

TEST(Wire, CarriesFramesOfEveryKindOneAfterTheOther) {
    Pair pair;
    for (const auto kind :
         {FrameKind::CniRequest, FrameKind::CniReply, FrameKind::CtlRequest, FrameKind::CtlReply}) {
        const Frame frame{kind, std::string(1000, 'x')};
        pair.left.send(frame, after(kLong));
        EXPECT_EQ(pair.right.receive(after(kLong)).frame, frame);
    }
}

TEST(Wire, CarriesAnEmptyPayloadAndTheLargest) {
    for (const auto size : {std::size_t(0), kMaxPayload}) {
        Pair pair;
        const Frame frame{FrameKind::CniReply, std::string(size, 'y')};
        std::jthread sender([&] { pair.left.send(frame, after(kLong)); });
        EXPECT_EQ(pair.right.receive(after(kLong)).frame, frame);
    }
}

TEST(Wire, RefusesToSendMoreThanTheLimit) {
    Pair pair;
    const auto error = failure_of([&] {
        pair.left.send({FrameKind::CniReply, std::string(kMaxPayload + 1, 'y')}, after(kLong));
    });
    EXPECT_EQ(error.status(), Status::Invalid);
}

TEST(Wire, TellsAFrameCutAtAnyByte) {
    const auto whole = bytes_of({FrameKind::CniRequest, "payload"});
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        Pair pair;
        write_all(pair.left.fd(), "peer", whole.substr(0, cut));
        ASSERT_EQ(::shutdown(pair.left.fd(), SHUT_WR), 0);
        const auto error = failure_of([&] { static_cast<void>(pair.right.receive(after(kLong))); });
        EXPECT_EQ(error.status(), Status::Gone) << "cut at " << cut;
    }
}

TEST(Wire, PutsAFrameTogetherThatComesInSingleBytes) {
    Pair pair;
    const Frame frame{FrameKind::CniReply, "{\"exit\":0}"};
    std::jthread sender([&] {
        for (const char byte : bytes_of(frame)) {
            write_all(pair.left.fd(), "peer", std::string_view(&byte, 1));
        }
    });
    EXPECT_EQ(pair.right.receive(after(kLong)).frame, frame);
}

TEST(Wire, StopsReadingAtTheEndOfAFrame) {
    Pair pair;
    write_all(pair.left.fd(), "peer", bytes_of({FrameKind::CniReply, "one"}) + "garbage");
    EXPECT_EQ(pair.right.receive(after(kLong)).frame.payload, "one");
    const auto error = failure_of([&] {
        write_all(pair.left.fd(), "peer", "more garbage");
        static_cast<void>(pair.right.receive(after(kLong)));
    });
    EXPECT_EQ(error.status(), Status::Invalid);
}

TEST(Wire, DoesNotAllocateForAPromiseThatIsNotKept) {
    Pair pair;
    const auto header = encode_header({FrameKind::CniReply, kMaxPayload, false});
    write_all(pair.left.fd(), "peer", std::string(header.begin(), header.end()) + "x");
    const auto error = failure_of([&] { static_cast<void>(pair.right.receive(after(kShort))); });
    EXPECT_EQ(error.sys_errno(), ETIMEDOUT);
}

TEST(Wire, GivesUpReceivingAtTheDeadline) {
    Pair pair;
    const auto started = Clock::now();
    const auto error = failure_of([&] { static_cast<void>(pair.right.receive(after(kShort))); });
    EXPECT_EQ(error.status(), Status::Retry);
    EXPECT_EQ(error.sys_errno(), ETIMEDOUT);
    EXPECT_GE(Clock::now() - started, kShort);
}

TEST(Wire, GivesUpReceivingFromADribbleAtTheDeadline) {
    Pair pair;
    std::jthread dribble([&](const std::stop_token& stop) {
        const auto header = encode_header({FrameKind::CniReply, kMaxPayload, false});
        write_all(pair.left.fd(), "peer", {reinterpret_cast<const char*>(header.data()), 16});
        while (!stop.stop_requested()) {
            static_cast<void>(::send(pair.left.fd(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
        }
    });
    const auto error = failure_of([&] { static_cast<void>(pair.right.receive(after(kShort))); });
    EXPECT_EQ(error.sys_errno(), ETIMEDOUT);
}

TEST(Wire, GivesUpSendingToAPeerThatDoesNotRead) {
    Pair pair;
    const auto error = failure_of([&] {
        pair.left.send({FrameKind::CniRequest, std::string(kMaxPayload, 'x')}, after(kShort));
    });
    EXPECT_EQ(error.status(), Status::Retry);
    EXPECT_EQ(error.sys_errno(), ETIMEDOUT);
}

TEST(Wire, TellsAPeerThatIsGoneWhenSending) {
    Pair pair;
    { const Connection gone = std::move(pair.right); }
    const auto error = failure_of([&] {
        pair.left.send({FrameKind::CniRequest, "x"}, after(kLong));
    });
    EXPECT_EQ(error.status(), Status::Gone);
}

TEST(Wire, NoticesThatThePeerHasLeft) {
    Pair pair;
    EXPECT_FALSE(pair.left.closed_by_peer());
    { const Connection gone = std::move(pair.right); }
    EXPECT_TRUE(pair.left.closed_by_peer());
}

TEST(Wire, KnowsItsPeer) {
    const Pair pair;
    EXPECT_EQ(pair.left.peer().pid, ::getpid());
    EXPECT_EQ(pair.left.peer().uid, ::getuid());
    EXPECT_EQ(pair.left.peer().gid, ::getgid());
}

TEST(Descriptor, ArrivesWithTheFrameAndIsNotInherited) {
    const auto before = test::open_descriptors();
    {
        Pair pair;
        const Fd file(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
        pair.left.send({FrameKind::CniRequest, "with"}, after(kLong), file.get());
        const auto received = pair.right.receive(after(kLong));
        EXPECT_EQ(received.frame.payload, "with");
        ASSERT_TRUE(received.fd);
        EXPECT_EQ(inode_of(received.fd.get()), inode_of(file.get()));
        EXPECT_NE(::fcntl(received.fd.get(), F_GETFD) & FD_CLOEXEC, 0);
    }
    EXPECT_EQ(test::open_descriptors(), before);
}

TEST(Descriptor, DoesNotLeakWhateverIsWrongWithTheFrame) {
    const Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const auto frame = bytes_of({FrameKind::CniRequest, "payload"});
    const auto header = encode_header({FrameKind::CniRequest, 7, true});
    const auto announced = std::string(header.begin(), header.end()) + "payload";
    const std::vector<std::pair<std::string, std::size_t>> cases = {
        {frame, 1},                                       // not announced
        {announced, 2},                                   // one too many, fits the buffer
        {announced, 5},                                   // too many for the buffer
        {"x" + announced.substr(1), 1},                   // wrong magic
        {announced.substr(0, 5), 1},                      // cut in the header
        {announced.substr(0, announced.size() - 1), 1}};  // cut in the payload
    for (const auto& [bytes, count] : cases) {
        Pair pair;
        const auto before = test::open_descriptors();
        send_with_descriptors(pair.left, bytes, std::vector<int>(count, file.get()));
        ASSERT_EQ(::shutdown(pair.left.fd(), SHUT_WR), 0);
        const auto error = failure_of([&] { static_cast<void>(pair.right.receive(after(kLong))); });
        EXPECT_EQ(test::open_descriptors(), before) << error.what();
    }
}

TEST(Descriptor, ThatComesWithThePayloadIsNotTaken) {
    Pair pair;
    const Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const auto frame = bytes_of({FrameKind::CniRequest, "payload"});
    const auto before = test::open_descriptors();
    write_all(pair.left.fd(), "peer", frame.substr(0, kHeaderSize));
    send_with_descriptors(pair.left, frame.substr(kHeaderSize), {file.get()});
    const auto received = pair.right.receive(after(kLong));
    EXPECT_FALSE(received.fd);
    EXPECT_EQ(received.frame.payload, "payload");
    EXPECT_EQ(test::open_descriptors(), before);
}

TEST(Descriptor, ThatWasAnnouncedAndIsMissingIsAnError) {
    Pair pair;
    const auto header = encode_header({FrameKind::CniRequest, 0, true});
    write_all(pair.left.fd(), "peer", std::string(header.begin(), header.end()));
    const auto error = failure_of([&] { static_cast<void>(pair.right.receive(after(kLong))); });
    EXPECT_EQ(error.status(), Status::Retry);
    EXPECT_THAT(error.what(), HasSubstr("descriptor"));
}

TEST(Descriptor, ThatFindsTheProcessFullIsAnErrorAndNotSilence) {
    Pair pair;
    const Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    pair.left.send({FrameKind::CniRequest, "x"}, after(kLong), file.get());
    // A sanitizer needs descriptors of its own when it sees an error of this kind for the first
    // time.
    static_cast<void>(failure_of([] { throw system_error("warm up", EMFILE).within("wire"); }));
    rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto error = failure_of([&] { static_cast<void>(pair.right.receive(after(kLong))); });
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
    EXPECT_EQ(error.status(), Status::Retry);
    EXPECT_THAT(error.what(), HasSubstr("too many open files"));
}

TEST(Connect, SaysThatNobodyListens) {
    const test::ScratchDirectory scratch;
    EXPECT_EQ(failure_of([&] {
                  static_cast<void>(Connection::connect(scratch / "none", after(kLong)));
              }).status(),
              Status::Gone);
    { const auto closed = test::listen_at(scratch / "stale"); }
    EXPECT_EQ(failure_of([&] {
                  static_cast<void>(Connection::connect(scratch / "stale", after(kLong)));
              }).status(),
              Status::Gone);
}

TEST(Connect, RefusesAPathThatFitsNoSocketAddress) {
    for (const auto& path : {std::string(), '/' + std::string(107, 'x')}) {
        EXPECT_EQ(failure_of([&] {
                      static_cast<void>(Connection::connect(path, after(kLong)));
                  }).status(),
                  Status::Invalid);
    }
}

TEST(Connect, WaitsForRoomInTheBacklogUntilTheDeadline) {
    const test::ScratchDirectory scratch;
    const auto path = scratch / "full";
    const auto listener = test::listen_at(path, 0);
    const auto first = Connection::connect(path, after(kLong));
    const auto error =
        failure_of([&] { static_cast<void>(Connection::connect(path, after(kShort))); });
    EXPECT_EQ(error.status(), Status::Retry);
    EXPECT_EQ(error.sys_errno(), ETIMEDOUT);
}

}  // namespace
}  // namespace terway::cni
