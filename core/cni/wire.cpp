#include "cni/wire.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "terway/error.hpp"

namespace terway::cni {
namespace {

constexpr std::array<unsigned char, 4> kMagic = {'T', 'W', 'Y', '1'};
constexpr std::uint32_t kCarriesFd = 1;
constexpr std::size_t kChunk = 64U << 10U;

[[noreturn]] void violated(const std::string& what) {
    throw Error(Status::Invalid, "the peer breaks the wire protocol: " + what, EPROTO);
}

[[noreturn]] void failed(const std::string& what, int error) {
    const bool gone = error == ENOENT || error == ENOTDIR || error == ECONNREFUSED ||
                      error == ECONNRESET || error == EPIPE;
    if (gone) {
        throw Error(Status::Gone, what + ": " + std::strerror(error), error);
    }
    throw system_error(what, error);
}

void put(HeaderBytes& bytes, std::size_t at, std::uint32_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) {
        bytes[at + i] = static_cast<unsigned char>(value >> (8 * i));
    }
}

std::uint32_t get(const HeaderBytes& bytes, std::size_t at, std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
        value |= static_cast<std::uint32_t>(bytes[at + i]) << (8 * i);
    }
    return value;
}

[[noreturn]] void timed_out(const std::string& what) {
    throw Error(Status::Retry, what + ": the deadline passed", ETIMEDOUT);
}

void wait_for(int fd, short events, Deadline deadline, const char* what) {
    while (true) {
        const auto span = std::min<std::chrono::milliseconds::rep>(left(deadline).count(),
                                                                   std::numeric_limits<int>::max());
        pollfd item{.fd = fd, .events = events, .revents = 0};
        const int ready = ::poll(&item, 1, static_cast<int>(span));
        if (ready > 0) {
            return;
        }
        if (ready == 0) {
            timed_out(what);
        }
        if (errno != EINTR) {
            failed(what, errno);
        }
    }
}

// Room for one descriptor; alignment lets the kernel fit in a second.
struct ControlBuffer {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

void attach(msghdr& message, ControlBuffer& control, int fd) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &fd, sizeof(int));
}

// Takes ownership of every descriptor the kernel put into this process.
std::vector<Fd> take_descriptors(msghdr& message) {
    std::vector<Fd> taken;
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
         head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const auto count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
            taken.emplace_back(fd);
        }
    }
    return taken;
}

// At least one byte. With `fd`, also the descriptor that comes with the first of them.
std::size_t read_some(int stream, char* into, std::size_t size, Deadline deadline, Fd* fd) {
    while (true) {
        ControlBuffer control;
        iovec part{.iov_base = into, .iov_len = size};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (fd != nullptr) {
            message.msg_control = control.bytes.data();
            message.msg_controllen = control.bytes.size();
        }
        const auto got = ::recvmsg(stream, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EAGAIN) {
            wait_for(stream, POLLIN, deadline, "receive a frame");
            continue;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            failed("receive a frame", errno);
        }
        if (fd != nullptr) {
            auto taken = take_descriptors(message);
            if (taken.size() > 1) {
                violated("more than one descriptor");
            }
            if (!taken.empty()) {
                *fd = std::move(taken.front());
            }
        }
        if (got == 0) {
            throw Error(Status::Gone, "receive a frame: the peer closed the connection",
                        ECONNRESET);
        }
        return static_cast<std::size_t>(got);
    }
}

}  // namespace

HeaderBytes encode_header(const Header& header) noexcept {
    HeaderBytes bytes{};
    std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
    put(bytes, 4, kWireVersion, 2);
    put(bytes, 6, static_cast<std::uint32_t>(header.kind), 2);
    put(bytes, 8, header.length, 4);
    put(bytes, 12, header.carries_fd ? kCarriesFd : 0, 4);
    return bytes;
}

Header decode_header(const HeaderBytes& bytes) {
    if (!std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) {
        violated("wrong magic");
    }
    const auto version = get(bytes, 4, 2);
    if (version != kWireVersion) {
        throw Error(Status::Invalid,
                    "the peer speaks wire protocol " + std::to_string(version) + ", this side " +
                        std::to_string(kWireVersion) + ": install both from one release",
                    EPROTO);
    }
    const auto kind = get(bytes, 6, 2);
    if (kind < static_cast<std::uint32_t>(FrameKind::CniRequest) ||
        kind > static_cast<std::uint32_t>(FrameKind::CtlPart)) {
        violated("unknown kind of frame " + std::to_string(kind));
    }
    const auto length = get(bytes, 8, 4);
    if (length > kMaxPayload) {
        violated("a payload of " + std::to_string(length) + " bytes, the limit is " +
                 std::to_string(kMaxPayload));
    }
    const auto flags = get(bytes, 12, 4);
    if ((flags & ~kCarriesFd) != 0) {
        violated("unknown flags " + std::to_string(flags));
    }
    return {static_cast<FrameKind>(kind), length, (flags & kCarriesFd) != 0};
}

Connection Connection::connect(const std::string& path, Deadline deadline) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path)) {
        throw Error(Status::Invalid, "socket \"" + path + "\": no path of 1 to " +
                                         std::to_string(sizeof(address.sun_path) - 1) + " bytes");
    }
    std::copy(path.begin(), path.end(), address.sun_path);
    Fd stream(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!stream) {
        failed("create a unix socket", errno);
    }
    while (true) {
        // A full backlog is waited for by connect() itself; poll() knows nothing of it.
        const auto span = std::max(left(deadline), std::chrono::milliseconds(1)).count();
        const timeval timeout{.tv_sec = span / 1000, .tv_usec = (span % 1000) * 1000};
        if (::setsockopt(stream.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) != 0) {
            failed("limit the wait for socket " + path, errno);
        }
        if (::connect(stream.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
            0) {
            return Connection(std::move(stream));
        }
        if (errno == EAGAIN) {
            throw Error(Status::Retry,
                        "connect to " + path + ": the deadline passed, the backlog is full",
                        ETIMEDOUT);
        }
        if (errno != EINTR) {
            failed("connect to " + path, errno);
        }
    }
}

void Connection::send(const Frame& frame, Deadline deadline, int fd) {
    if (frame.payload.size() > kMaxPayload) {
        throw Error(Status::Invalid, "a payload of " + std::to_string(frame.payload.size()) +
                                         " bytes does not fit a frame, the limit is " +
                                         std::to_string(kMaxPayload));
    }
    auto header =
        encode_header({frame.kind, static_cast<std::uint32_t>(frame.payload.size()), fd >= 0});
    const auto total = header.size() + frame.payload.size();
    std::size_t sent = 0;
    while (sent < total) {
        const auto of_header = std::min(sent, header.size());
        const auto of_payload = sent - of_header;
        std::array<iovec, 2> parts = {{{header.data() + of_header, header.size() - of_header},
                                       {const_cast<char*>(frame.payload.data()) + of_payload,
                                        frame.payload.size() - of_payload}}};
        ControlBuffer control;
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        if (sent == 0 && fd >= 0) {
            attach(message, control, fd);
        }
        const auto put = ::sendmsg(stream_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put >= 0) {
            sent += static_cast<std::size_t>(put);
        } else if (errno == EAGAIN) {
            wait_for(stream_.get(), POLLOUT, deadline, "send a frame");
        } else if (errno != EINTR) {
            failed("send a frame", errno);
        }
    }
}

Received Connection::receive(Deadline deadline) {
    Received received;
    HeaderBytes raw{};
    for (std::size_t got = 0; got < raw.size();) {
        got += read_some(stream_.get(), reinterpret_cast<char*>(raw.data()) + got, raw.size() - got,
                         deadline, got == 0 ? &received.fd : nullptr);
    }
    const auto header = decode_header(raw);
    if (header.carries_fd && !received.fd) {
        throw Error(Status::Retry,
                    "receive a frame: its descriptor did not arrive, this process "
                    "may have too many open files",
                    EMFILE);
    }
    if (!header.carries_fd && received.fd) {
        violated("an unannounced descriptor");
    }
    received.frame.kind = header.kind;
    auto& payload = received.frame.payload;
    for (std::size_t got = 0; got < header.length;) {
        // Memory follows what has really come, not what was promised.
        payload.resize(std::min<std::size_t>(header.length, got + kChunk));
        got +=
            read_some(stream_.get(), payload.data() + got, payload.size() - got, deadline, nullptr);
        payload.resize(got);
        if (got < header.length && Clock::now() >= deadline) {
            timed_out("receive a frame");
        }
    }
    return received;
}

Peer Connection::peer() const {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (::getsockopt(stream_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        failed("ask for the peer of a connection", errno);
    }
    return {credentials.pid, credentials.uid, credentials.gid};
}

bool Connection::can_send(Deadline deadline) const noexcept {
    pollfd item{.fd = stream_.get(), .events = POLLOUT, .revents = 0};
    return ::poll(&item, 1, static_cast<int>(left(deadline).count())) > 0;
}

bool Connection::closed_by_peer() const noexcept {
    pollfd item{.fd = stream_.get(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&item, 1, 0) > 0;
}

}  // namespace terway::cni
