#include "netlink/nft_log.hpp"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "netlink/nfnetlink.hpp"
#include "netlink/nft_batch.hpp"
#include "netlink/parse.hpp"
#include "terway/error.hpp"

namespace terway::netlink::nft {
namespace {

constexpr std::uint32_t kCopied = 128;    // headers, not contents
constexpr std::uint32_t kAtOnce = 20;     // packets that the kernel may gather
constexpr std::uint32_t kHundredths = 5;  // and how long
constexpr int kMostReads = 64;            // then the caller may look around
constexpr int kBuffer = 1 << 20;
constexpr int kPacket = nfnetlink_type(NFNL_SUBSYS_ULOG, NFULNL_MSG_PACKET);

Message config(std::uint16_t group, std::uint8_t command) {
    auto message =
        nfnetlink_message(nfnetlink_type(NFNL_SUBSYS_ULOG, NFULNL_MSG_CONFIG), AF_UNSPEC, 0, group);
    const nfulnl_msg_config_cmd wanted{command};
    message.put(NFULA_CFG_CMD, &wanted, sizeof wanted);
    return message;
}

}  // namespace

bool can_log(Socket& socket) {
    constexpr const char* kChain = "trial";
    Batch batch("terway-trial");
    batch.add_table();
    batch.add_chain(kChain);
    batch.add_rule(kChain, {{Log{1, kChain}}, std::nullopt});
    batch.delete_table();
    try {
        batch.commit(socket, "try a rule that logs");
        return true;
    } catch (const Error& error) {
        if (error.sys_errno() != ENOENT && error.sys_errno() != EOPNOTSUPP) {
            throw;
        }
        return false;
    }
}

void LogSocket::listen(std::uint16_t group) {
    (void)::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &kBuffer, sizeof kBuffer);
    auto message = config(group, NFULNL_CFG_CMD_BIND);
    const nfulnl_msg_config_mode mode{htonl(kCopied), NFULNL_COPY_PACKET, 0};
    message.put(NFULA_CFG_MODE, &mode, sizeof mode);
    message.be32(NFULA_CFG_TIMEOUT, kHundredths);
    message.be32(NFULA_CFG_QTHRESH, kAtOnce);
    message.u16(NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
    next_ = 0;
    socket_.request(message, "listen to nftables' log group " + std::to_string(group));
}

void LogSocket::leave(std::uint16_t group) {
    auto message = config(group, NFULNL_CFG_CMD_UNBIND);
    socket_.request(message, "leave nftables' log group " + std::to_string(group));
    read([](const Logged&) {});
}

void LogSocket::read(const std::function<void(const Logged&)>& heard) {
    alignas(nlmsghdr) std::array<char, 65536> buffer;  // NOLINT: filled by the size it says
    for (int i = 0; i < kMostReads; ++i) {
        const auto got = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == ENOBUFS)) {
            continue;  // the numbers of those that come say what is missing
        }
        if (got < 0 && errno == EAGAIN) {
            return;
        }
        if (got < 0) {
            throw system_error("listen to nftables' log", errno);
        }
        int rest = static_cast<int>(got);
        for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data());
             nlmsg_ok(message, rest) != 0; message = nlmsg_next(message, &rest)) {
            if (message->nlmsg_type == kPacket) {
                tell(*message, heard);
            }
        }
    }
}

void LogSocket::tell(const nlmsghdr& message, const std::function<void(const Logged&)>& heard) {
    const auto parts = parse<NFULA_MAX + 1>(message, sizeof(nfgenmsg));
    const auto index = [&](int which) { return be32toh(u32_or(parts[which], 0)); };
    Logged logged;
    if (auto* const prefix = parts[NFULA_PREFIX]; prefix != nullptr) {
        const std::string_view text(static_cast<const char*>(nla_data(prefix)),
                                    static_cast<std::size_t>(nla_len(prefix)));
        logged.prefix = text.substr(0, text.find('\0'));
    }
    logged.in_ifindex = index(NFULA_IFINDEX_INDEV);
    logged.out_ifindex = index(NFULA_IFINDEX_OUTDEV);
    const auto stamp = struct_of<nfulnl_msg_packet_timestamp>(parts[NFULA_TIMESTAMP]);
    logged.time_ns = be64toh(stamp.sec) * 1'000'000'000 + be64toh(stamp.usec) * 1'000;
    if (auto* const packet = parts[NFULA_PAYLOAD]; packet != nullptr) {
        logged.packet = {static_cast<const std::uint8_t*>(nla_data(packet)),
                         static_cast<std::size_t>(nla_len(packet))};
    }
    if (parts[NFULA_SEQ] != nullptr) {
        const auto number = index(NFULA_SEQ);
        logged.lost = number - next_;
        next_ = number + 1;
    }
    heard(logged);
}

}  // namespace terway::netlink::nft
