#include "netlink/socket.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/netns.hpp"
#include "terway/error.hpp"

#ifndef NLM_F_ACK_TLVS
#define NLM_F_ACK_TLVS 0x200
#endif
#ifndef NLM_F_CAPPED
#define NLM_F_CAPPED 0x100
#endif

namespace terway::netlink {
namespace {

constexpr std::size_t kReceiveBuffer = 32768;  // what the kernel fills at most in a dump
constexpr int kDumpAttempts = 8;

// The kernel's own words, from the TLVs behind an error message; empty if it has none.
std::string extended_ack(const nlmsghdr& message) {
    if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
        return {};
    }
    const auto* error = static_cast<const nlmsgerr*>(nlmsg_data(&message));
    std::size_t offset = NLMSG_HDRLEN + sizeof(nlmsgerr);
    if ((message.nlmsg_flags & NLM_F_CAPPED) == 0) {
        offset += NLMSG_ALIGN(error->msg.nlmsg_len) - NLMSG_HDRLEN;
    }
    if (offset >= message.nlmsg_len) {
        return {};
    }
    const auto* attribute =
        reinterpret_cast<const nlattr*>(reinterpret_cast<const char*>(&message) + offset);
    int rest = static_cast<int>(message.nlmsg_len - offset);
    for (; nla_ok(attribute, rest); attribute = nla_next(attribute, &rest)) {
        if (nla_type(attribute) == NLMSGERR_ATTR_MSG) {
            return std::string(static_cast<const char*>(nla_data(attribute)),
                               strnlen(static_cast<const char*>(nla_data(attribute)),
                                       static_cast<std::size_t>(nla_len(attribute))));
        }
    }
    return {};
}

Error refusal(const std::string& what, int error, const std::string& kernel_text) {
    Error plain = system_error(what, error);
    if (kernel_text.empty()) {
        return plain;
    }
    return {plain.status(), std::string(plain.what()) + " (" + kernel_text + ")", error};
}

void enable(int fd, int option) {
    const int one = 1;
    // Old kernels lack some of these; they only enrich error texts.
    (void)::setsockopt(fd, SOL_NETLINK, option, &one, sizeof one);
}

// For a batch that is longer than the socket takes at once; false if that is not to be had.
bool make_room(int fd, std::span<const iovec> parts) {
    std::size_t size = 4096;
    for (const auto& part : parts) {
        size += part.iov_len;
    }
    const int wanted = static_cast<int>(size);
    int had = 0;
    socklen_t length = sizeof had;
    (void)::getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &had, &length);
    return had < wanted &&
           ::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) == 0;
}

// Of a batch that was refused the kernel may have said more than one asks.
void forget_the_rest(int fd) {
    std::array<char, kReceiveBuffer> buffer;  // NOLINT: nobody reads it
    while (::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT) >= 0 || errno == ENOBUFS) {
    }
}

bool missing(int error) {
    return error == ENODEV || error == ENOENT || error == ESRCH;
}

}  // namespace

Message::Message(int type, int flags) : message_(nlmsg_alloc_simple(type, NLM_F_REQUEST | flags)) {
    if (!message_) {
        throw system_error("allocate a netlink message", ENOMEM);
    }
}

void Message::header(const void* data, std::size_t size) {
    if (nlmsg_append(message_.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO) != 0) {
        throw Error(Status::Internal, "netlink message too long");
    }
}

void Message::put(int attribute, const void* data, std::size_t size) {
    if (nla_put(message_.get(), attribute, static_cast<int>(size), data) != 0) {
        throw Error(Status::Internal, "netlink message too long");
    }
}

void Message::be32(int attribute, std::uint32_t value) {
    const std::array<std::uint8_t, 4> bytes{
        static_cast<std::uint8_t>(value >> 24U), static_cast<std::uint8_t>(value >> 16U),
        static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
    put(attribute, bytes);
}

void Message::text(int attribute, std::string_view value) {
    const std::string terminated(value);
    put(attribute, terminated.c_str(), terminated.size() + 1);
}

void Message::nest(int attribute, const std::function<void()>& body) {
    nlattr* nest = nla_nest_start(message_.get(), attribute | NLA_F_NESTED);
    if (nest == nullptr) {
        throw Error(Status::Internal, "netlink message too long");
    }
    body();
    nla_nest_end(message_.get(), nest);
}

Socket::Socket(int protocol) : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
    if (!fd_) {
        throw system_error("open a netlink socket", errno);
    }
    enable(fd_.get(), NETLINK_EXT_ACK);
    enable(fd_.get(), NETLINK_CAP_ACK);
    enable(fd_.get(), NETLINK_GET_STRICT_CHK);
    // The kernel answers at once or never; a lost answer must not hang a request.
    const timeval patience{20, 0};
    (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_nl local{};
    local.nl_family = AF_NETLINK;
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
        throw system_error("bind a netlink socket", errno);
    }
}

Socket Socket::in(int netns_fd, int protocol) {
    const NetnsScope scope(netns_fd);
    return Socket(protocol);
}

void Socket::send(std::span<Message> messages, const std::string& what) {
    std::vector<iovec> parts;
    parts.reserve(messages.size());
    for (auto& message : messages) {
        message.raw()->nlmsg_seq = ++sequence_;
        parts.push_back({message.raw(), message.raw()->nlmsg_len});
    }
    send(parts, what);
}

void Socket::send(std::span<const iovec> parts, const std::string& what) {
    msghdr outgoing{};
    outgoing.msg_iov = const_cast<iovec*>(parts.data());
    outgoing.msg_iovlen = parts.size();
    while (::sendmsg(fd_.get(), &outgoing, 0) < 0) {
        if (errno == EMSGSIZE && make_room(fd_.get(), parts)) {
            continue;
        }
        if (errno != EINTR) {
            throw system_error(what, errno);
        }
    }
}

namespace {

// Receives one datagram and gives each message of it to `each` until that answers true.
bool receive(int fd, const std::string& what, const std::function<bool(const nlmsghdr&)>& each) {
    alignas(nlmsghdr) std::array<char, kReceiveBuffer> buffer;
    iovec part{buffer.data(), buffer.size()};
    msghdr incoming{};
    incoming.msg_iov = &part;
    incoming.msg_iovlen = 1;
    const auto got = ::recvmsg(fd, &incoming, 0);
    if (got < 0) {
        if (errno == EINTR) {
            return false;
        }
        throw system_error(what, errno == EAGAIN ? ETIMEDOUT : errno);
    }
    if ((incoming.msg_flags & MSG_TRUNC) != 0) {
        throw Error(Status::Internal, what + ": the kernel's answer is longer than " +
                                          std::to_string(kReceiveBuffer) + " bytes");
    }
    int rest = static_cast<int>(got);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; nlmsg_ok(message, rest); message = nlmsg_next(const_cast<nlmsghdr*>(message), &rest)) {
        if (each(*message)) {
            return true;
        }
    }
    return false;
}

}  // namespace

int Socket::transact(Message& message, const std::string& what,
                     const std::function<void(const nlmsghdr&)>& reply, bool* interrupted,
                     std::string* kernel_text) {
    message.raw()->nlmsg_flags |= NLM_F_ACK;
    send({&message, 1}, what);
    int result = 0;
    const auto each = [&](const nlmsghdr& incoming) {
        if (incoming.nlmsg_seq != sequence_) {
            return false;  // left over from a request given up on
        }
        if (interrupted != nullptr && (incoming.nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
            *interrupted = true;
        }
        if (incoming.nlmsg_type == NLMSG_ERROR) {
            result = -static_cast<const nlmsgerr*>(nlmsg_data(&incoming))->error;
            *kernel_text = extended_ack(incoming);
            return true;
        }
        if (incoming.nlmsg_type == NLMSG_DONE) {
            return true;
        }
        if (reply) {
            reply(incoming);
        }
        return false;
    };
    while (!receive(fd_.get(), what, each)) {
    }
    return result;
}

void Socket::request(Message& message, const std::string& what) {
    (void)request_tolerating(message, what, {});
}

int Socket::request_tolerating(Message& message, const std::string& what,
                               std::initializer_list<int> tolerated) {
    std::string kernel_text;
    const int error = transact(message, what, nullptr, nullptr, &kernel_text);
    if (error != 0 && std::find(tolerated.begin(), tolerated.end(), error) == tolerated.end()) {
        throw refusal(what, error, kernel_text);
    }
    return error;
}

bool Socket::get(Message& message, const std::string& what,
                 const std::function<void(const nlmsghdr&)>& reply) {
    std::string kernel_text;
    const int error = transact(message, what, reply, nullptr, &kernel_text);
    if (missing(error)) {
        return false;
    }
    if (error != 0) {
        throw refusal(what, error, kernel_text);
    }
    return true;
}

void Socket::dump(Message& message, const std::string& what, const std::function<void()>& restart,
                  const std::function<void(const nlmsghdr&)>& entry) {
    message.raw()->nlmsg_flags |= NLM_F_DUMP;
    for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
        restart();
        bool interrupted = false;
        std::string kernel_text;
        const int error = transact(message, what, entry, &interrupted, &kernel_text);
        if (error != 0) {
            throw refusal(what, error, kernel_text);
        }
        if (!interrupted) {
            return;
        }
    }
    throw Error(Status::Retry, what + ": the kernel interrupted the dump " +
                                   std::to_string(kDumpAttempts) + " times");
}

void Socket::batch(std::span<Message> messages, const std::string& what) {
    const std::uint32_t first = sequence_ + 1;
    send(messages, what);
    await_acks(first,
               std::count_if(
                   messages.begin(), messages.end(),
                   [](Message& message) { return (message.raw()->nlmsg_flags & NLM_F_ACK) != 0; }),
               what);
}

void Socket::batch(std::vector<std::uint8_t>& messages, const std::string& what) {
    const std::uint32_t first = sequence_ + 1;
    nlmsghdr* last = nullptr;
    nlmsghdr* end = nullptr;
    for (std::size_t at = 0; at < messages.size(); at += NLMSG_ALIGN(end->nlmsg_len)) {
        last = end;
        end = reinterpret_cast<nlmsghdr*>(messages.data() + at);
        end->nlmsg_seq = ++sequence_;
    }
    if (last == nullptr) {
        return;
    }
    last->nlmsg_flags |= NLM_F_ACK;
    const iovec part{messages.data(), messages.size()};
    send({&part, 1}, what);
    await_acks(first, 1, what);
}

void Socket::await_acks(std::uint32_t first, std::int64_t waiting, const std::string& what) {
    int failure = 0;
    std::string kernel_text;
    const auto each = [&](const nlmsghdr& incoming) {
        if (incoming.nlmsg_seq < first || incoming.nlmsg_type != NLMSG_ERROR) {
            return false;
        }
        const int error = -static_cast<const nlmsgerr*>(nlmsg_data(&incoming))->error;
        if (error != 0 && failure == 0) {
            failure = error;
            kernel_text = extended_ack(incoming);
        }
        // A refused transaction is acknowledged as a whole or message by message, by its kind.
        return --waiting <= 0 || (error != 0 && incoming.nlmsg_seq == first);
    };
    while (waiting > 0 && failure == 0 && !receive(fd_.get(), what, each)) {
    }
    if (failure != 0) {
        forget_the_rest(fd_.get());
        throw refusal(what, failure, kernel_text);
    }
}

}  // namespace terway::netlink
