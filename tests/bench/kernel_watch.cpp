#include "kernel_watch.hpp"

#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/address.hpp"
#include "base/netns.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr int kBuffer = 64 << 20;
constexpr std::size_t kAddress = 4;

Fd open_socket(int netns) {
    const NetnsScope scope(netns);
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    sockaddr_nl local{};
    local.nl_family = AF_NETLINK;
    const int group = NFNLGRP_NFTABLES;
    if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0 ||
        ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
        throw system_error("listen to the changes of nftables", errno);
    }
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer);
    return fd;
}

std::string text_of(const std::uint8_t* bytes) {
    return {bytes, bytes + kAddress};
}

}  // namespace

std::string token_of_address(const std::string& address) {
    return "e" + text_of(IpAddress::parse(address).value().bytes().data());
}

std::string token_of_chain(const std::string& chain) {
    return "r" + chain;
}

std::string token_of(const SetNews& news) {
    if (news.key.empty()) {
        return token_of_chain(news.name);
    }
    return news.key.size() < kAddress ? std::string() : "e" + text_of(news.key.data());
}

KernelWatch::KernelWatch(int netns, std::string table)
    : table_(std::move(table)),
      socket_(open_socket(netns)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

KernelWatch::~KernelWatch() = default;

void KernelWatch::expect(const std::string& token, const Expected& what) {
    const MutexLock lock(mutex_);
    expected_.insert_or_assign(token, what);
}

bool KernelWatch::is_expected(const std::string& token) const {
    const MutexLock lock(mutex_);
    return expected_.contains(token);
}

void KernelWatch::await(Deadline deadline) {
    const MutexLock lock(mutex_);
    const bool done = changed_.wait(mutex_, std::stop_token(), deadline,
                                    [&] { return expected_.empty() || !failure_.empty(); });
    if (!failure_.empty()) {
        throw Error(Status::Internal, failure_);
    }
    if (!done) {
        throw Error(Status::Internal, "the kernel never has what " +
                                          std::to_string(expected_.size()) +
                                          " events are to bring about; the first is of kind " +
                                          std::to_string(expected_.begin()->second.kind));
    }
}

std::vector<Arrived> KernelWatch::take() {
    const MutexLock lock(mutex_);
    return std::exchange(arrived_, {});
}

void KernelWatch::note(const SetNews& news, Clock::time_point now) {
    const auto token = news.table == table_ ? token_of(news) : std::string();
    const MutexLock lock(mutex_);
    const auto found = expected_.find(token);
    if (found == expected_.end()) {
        return;
    }
    auto& what = found->second;
    (news.is_added ? what.is_added : what.is_removed) = false;
    if (!what.is_added && !what.is_removed) {
        arrived_.push_back({what.kind, what.begun, now});
        expected_.erase(found);
        changed_.notify_all();
    }
}

void KernelWatch::read() {
    alignas(nlmsghdr) std::array<char, 65536> buffer;
    auto left = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_TRUNC);
    const auto now = Clock::now();
    if (left < 0 && errno == EINTR) {
        return;
    }
    if (left < 0 || static_cast<std::size_t>(left) > buffer.size()) {
        throw system_error("listen to the changes of nftables", left < 0 ? errno : EMSGSIZE);
    }
    auto* message = reinterpret_cast<nlmsghdr*>(buffer.data());
    for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
        read_set_news(*message, [&](const SetNews& news) { note(news, now); });
    }
}

void KernelWatch::run(const std::stop_token& stop) {
    try {
        while (!stop.stop_requested()) {
            pollfd wait{socket_.get(), POLLIN, 0};
            if (::poll(&wait, 1, 20) > 0) {
                read();
            }
        }
    } catch (const std::exception& error) {
        const MutexLock lock(mutex_);
        failure_ = error.what();
        changed_.notify_all();
    }
}

}  // namespace terway::bench
