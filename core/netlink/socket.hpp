// A netlink socket tied to one network namespace: one request, one ack, the kernel's own error
// text.
//
// Threads: a Socket belongs to one thread at a time. Errors: every kernel refusal becomes an Error
// "what: strerror (the kernel's extended-ack text)" with sys_errno set. A socket stays bound to the
// namespace it was opened in, wherever its thread goes afterwards.
#pragma once

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/uio.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"

namespace terway::netlink {

// One request under construction. Throws Error if the kernel's size limit is passed.
class Message {
public:
    // NLM_F_REQUEST is added; NLM_F_ACK is the socket's affair.
    explicit Message(int type, int flags = 0);

    // Appends a fixed header (ifinfomsg, rtmsg, ...), zero padded.
    void header(const void* data, std::size_t size);
    template <class T>
    void header(const T& value) {
        header(&value, sizeof value);
    }
    void put(int attribute, const void* data, std::size_t size);
    void put(int attribute, std::span<const std::uint8_t> bytes) {
        put(attribute, bytes.data(), bytes.size());
    }
    void u8(int attribute, std::uint8_t value) { put(attribute, &value, sizeof value); }
    void u16(int attribute, std::uint16_t value) { put(attribute, &value, sizeof value); }
    void u32(int attribute, std::uint32_t value) { put(attribute, &value, sizeof value); }
    void be32(int attribute, std::uint32_t value);
    void text(int attribute, std::string_view value);  // NUL terminated
    // Attributes put by `body` go inside `attribute`.
    void nest(int attribute, const std::function<void()>& body);

    [[nodiscard]] nlmsghdr* raw() noexcept { return nlmsg_hdr(message_.get()); }

private:
    struct Free {
        void operator()(nl_msg* message) const noexcept { nlmsg_free(message); }
    };
    std::unique_ptr<nl_msg, Free> message_;
};

// The attributes of a message or of a nest, by number; absent ones are null.
using Attributes = std::span<nlattr* const>;

class Socket {
public:
    // In the calling thread's namespace. `protocol` is NETLINK_ROUTE, NETLINK_NETFILTER, ...
    explicit Socket(int protocol = NETLINK_ROUTE);
    // In another namespace; the calling thread is home again on return.
    [[nodiscard]] static Socket in(int netns_fd, int protocol = NETLINK_ROUTE);

    // Sends one request and waits for its ack. `what` opens the error text: "create link cali1".
    void request(Message& message, const std::string& what);
    // The same, but answers the errno (0 for success) instead of throwing for `tolerated` ones.
    int request_tolerating(Message& message, const std::string& what,
                           std::initializer_list<int> tolerated);
    // Sends one request and gives its single reply to `reply`; false if the kernel answers
    // ENODEV, ENOENT or ESRCH.
    bool get(Message& message, const std::string& what,
             const std::function<void(const nlmsghdr&)>& reply);
    // Dumps; begins again when the kernel says the dump was interrupted (NLM_F_DUMP_INTR), so
    // `entry` may see an object twice: `restart` tells it to forget what it has collected.
    void dump(Message& message, const std::string& what, const std::function<void()>& restart,
              const std::function<void(const nlmsghdr&)>& entry);
    // Sends messages prepared by the caller back to back in one sendmsg (an nftables batch) and
    // waits for the acks of those flagged NLM_F_ACK. The first refusal is thrown.
    void batch(std::span<Message> messages, const std::string& what);
    // The same of messages that are bytes already, one behind the other; only the ack of the last
    // but one is waited for. However long they are.
    void batch(std::vector<std::uint8_t>& messages, const std::string& what);

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

private:
    // What receive_until is told of each message.
    enum class Step { More, Done };
    int transact(Message& message, const std::string& what,
                 const std::function<void(const nlmsghdr&)>& reply, bool* interrupted,
                 std::string* kernel_text);
    void send(std::span<Message> messages, const std::string& what);
    void send(std::span<const iovec> parts, const std::string& what);
    void await_acks(std::uint32_t first, std::int64_t waiting, const std::string& what);

    Fd fd_;
    std::uint32_t sequence_ = 0;
};

}  // namespace terway::netlink
