#include "fault.hpp"

#include <dlfcn.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>

namespace terway::conformance::fault {
namespace {

// Reached from inside any thread's system calls: no allocation before it is armed.
struct State {
    std::mutex mutex;
    bool armed = false;
    Mode mode = Mode::NotSent;
    unsigned nth = 0;
    Report report;
    std::set<int> deaf;  // sockets whose next answer is lost
};
State& state() {
    static State one;
    return one;
}
thread_local int own_depth = 0;

template <class Function>
Function* real(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool is_netlink(int fd) {
    int domain = 0;
    socklen_t size = sizeof domain;
    return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK;
}

std::string route_request(unsigned type) {
    constexpr std::array<const char*, 4> kVerbs{"NEW", "DEL", "GET", "SET"};
    const unsigned group = (type - RTM_BASE) / 4;
    const char* noun = nullptr;
    switch (group) {
        case 0:
            noun = "LINK";
            break;
        case 1:
            noun = "ADDR";
            break;
        case 2:
            noun = "ROUTE";
            break;
        case 3:
            noun = "NEIGH";
            break;
        case 4:
            noun = "RULE";
            break;
        case 5:
            noun = "QDISC";
            break;
        case 6:
            noun = "TCLASS";
            break;
        case 7:
            noun = "TFILTER";
            break;
        default:
            return "rtnetlink request " + std::to_string(type);
    }
    return std::string("RTM_") + kVerbs.at((type - RTM_BASE) % 4) + noun;
}

std::string netfilter_request(unsigned type) {
    constexpr std::array<const char*, 17> kNftables{
        "NEWTABLE",   "GETTABLE",   "DELTABLE",   "NEWCHAIN", "GETCHAIN", "DELCHAIN",
        "NEWRULE",    "GETRULE",    "DELRULE",    "NEWSET",   "GETSET",   "DELSET",
        "NEWSETELEM", "GETSETELEM", "DELSETELEM", "NEWGEN",   "GETGEN"};
    if (type == NFNL_MSG_BATCH_BEGIN) {
        return "an nftables transaction";
    }
    if (NFNL_SUBSYS_ID(type) == NFNL_SUBSYS_NFTABLES && NFNL_MSG_TYPE(type) < kNftables.size()) {
        return std::string("NFT_MSG_") + kNftables.at(NFNL_MSG_TYPE(type));
    }
    return "netfilter request " + std::to_string(type);
}

std::string describe(int fd, const void* data, std::size_t size) {
    if (data == nullptr || size < sizeof(nlmsghdr)) {
        return "a netlink request";
    }
    nlmsghdr header{};
    std::memcpy(&header, data, sizeof header);
    int protocol = 0;
    socklen_t length = sizeof protocol;
    ::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length);
    if (protocol == NETLINK_ROUTE && header.nlmsg_type >= RTM_BASE) {
        return route_request(header.nlmsg_type);
    }
    if (protocol == NETLINK_NETFILTER) {
        return netfilter_request(header.nlmsg_type);
    }
    return "netlink request " + std::to_string(header.nlmsg_type);
}

enum class Verdict { Pass, Refuse, Deafen };

Verdict judge(int fd, const void* data, std::size_t size) {
    if (own_depth > 0) {
        return Verdict::Pass;
    }
    State& all = state();
    const std::lock_guard lock(all.mutex);
    if (!all.armed || !is_netlink(fd)) {
        return Verdict::Pass;
    }
    if (++all.report.requests != all.nth) {
        return Verdict::Pass;
    }
    all.report.struck = true;
    all.report.request = describe(fd, data, size);
    return all.mode == Mode::NotSent ? Verdict::Refuse : Verdict::Deafen;
}

// The kernel answers before sendmsg returns, so what has to be lost is already in the queue.
void deafen(int fd) {
    std::array<char, 65536> buffer;
    auto* receive = real<decltype(::recv)>("recv");
    while (receive(fd, buffer.data(), buffer.size(), MSG_DONTWAIT) >= 0) {
    }
    State& all = state();
    const std::lock_guard lock(all.mutex);
    all.deaf.insert(fd);
}

bool takes_loss(int fd) {
    if (own_depth > 0) {
        return false;
    }
    State& all = state();
    const std::lock_guard lock(all.mutex);
    return all.armed && all.deaf.erase(fd) != 0;
}

template <class Send>
ssize_t sending(int fd, const void* data, std::size_t size, Send&& send) {
    const Verdict verdict = judge(fd, data, size);
    if (verdict == Verdict::Refuse) {
        errno = ENOBUFS;
        return -1;
    }
    const ssize_t sent = send();
    if (verdict == Verdict::Deafen && sent >= 0) {
        deafen(fd);
    }
    return sent;
}

template <class Receive>
ssize_t receiving(int fd, Receive&& receive) {
    if (takes_loss(fd)) {
        errno = ENOBUFS;
        return -1;
    }
    return receive();
}

}  // namespace

void arm(Mode mode, unsigned nth) {
    State& all = state();
    const std::lock_guard lock(all.mutex);
    all.armed = true;
    all.mode = mode;
    all.nth = nth;
    all.report = {};
    all.deaf.clear();
}

Report disarm() {
    State& all = state();
    const std::lock_guard lock(all.mutex);
    all.armed = false;
    all.deaf.clear();
    return all.report;
}

Own::Own() noexcept {
    ++own_depth;
}
Own::~Own() {
    --own_depth;
}

}  // namespace terway::conformance::fault

namespace fault = terway::conformance::fault;

extern "C" {

__attribute__((visibility("default"))) ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    static auto* const next = fault::real<decltype(::sendmsg)>("sendmsg");
    const iovec* first = message != nullptr && message->msg_iovlen > 0 ? message->msg_iov : nullptr;
    return fault::sending(fd, first != nullptr ? first->iov_base : nullptr,
                          first != nullptr ? first->iov_len : 0,
                          [&] { return next(fd, message, flags); });
}

__attribute__((visibility("default"))) ssize_t sendto(int fd, const void* data, size_t size,
                                                      int flags, const sockaddr* to,
                                                      socklen_t length) {
    static auto* const next = fault::real<decltype(::sendto)>("sendto");
    return fault::sending(fd, data, size, [&] { return next(fd, data, size, flags, to, length); });
}

__attribute__((visibility("default"))) ssize_t send(int fd, const void* data, size_t size,
                                                    int flags) {
    static auto* const next = fault::real<decltype(::send)>("send");
    return fault::sending(fd, data, size, [&] { return next(fd, data, size, flags); });
}

__attribute__((visibility("default"))) ssize_t recvmsg(int fd, msghdr* message, int flags) {
    static auto* const next = fault::real<decltype(::recvmsg)>("recvmsg");
    return fault::receiving(fd, [&] { return next(fd, message, flags); });
}

__attribute__((visibility("default"))) ssize_t recvfrom(int fd, void* data, size_t size, int flags,
                                                        sockaddr* from, socklen_t* length) {
    static auto* const next = fault::real<decltype(::recvfrom)>("recvfrom");
    return fault::receiving(fd, [&] { return next(fd, data, size, flags, from, length); });
}

__attribute__((visibility("default"))) ssize_t recv(int fd, void* data, size_t size, int flags) {
    static auto* const next = fault::real<decltype(::recv)>("recv");
    return fault::receiving(fd, [&] { return next(fd, data, size, flags); });
}

// What recv and recvfrom become in code compiled with _FORTIFY_SOURCE: the C library's names, not
// ours to choose.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
__attribute__((visibility("default"))) ssize_t __recv_chk(int fd, void* data, size_t size,
                                                          size_t room, int flags) {
    static auto* const next = fault::real<ssize_t(int, void*, size_t, size_t, int)>("__recv_chk");
    return fault::receiving(fd, [&] { return next(fd, data, size, room, flags); });
}

__attribute__((visibility("default"))) ssize_t __recvfrom_chk(int fd, void* data, size_t size,
                                                              size_t room, int flags,
                                                              sockaddr* from, socklen_t* length) {
    static auto* const next =
        fault::real<ssize_t(int, void*, size_t, size_t, int, sockaddr*, socklen_t*)>(
            "__recvfrom_chk");
    return fault::receiving(fd, [&] { return next(fd, data, size, room, flags, from, length); });
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
}
