#include "sim/responder.hpp"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/netns.hpp"
#include "sim/resolution.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

Fd packet_socket(std::uint16_t ethertype) {
    Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ethertype)));
    if (!fd) {
        throw system_error("open a packet socket", errno);
    }
    return fd;
}

// Keeps the data traffic away from the thread.
void only_solicitations(const Fd& fd) {
    std::array<sock_filter, 6> code{{
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 6),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 40),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_SOLICIT, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
        throw system_error("filter a packet socket", errno);
    }
}

}  // namespace

Responder::Responder(int fabric_netns_fd) : table_(std::make_shared<Table>()) {
    {
        const NetnsScope scope(fabric_netns_fd);
        arp_ = packet_socket(ETH_P_ARP);
        ipv6_ = packet_socket(ETH_P_IPV6);
    }
    only_solicitations(ipv6_);
    wake_ = Fd(::eventfd(0, EFD_CLOEXEC));
    if (!wake_) {
        throw system_error("create an event descriptor", errno);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    ::pthread_setname_np(thread_.native_handle(), "neighbours");
}

Responder::~Responder() {
    thread_.request_stop();
    thread_.join();
}

void Responder::update(Plan plan, std::map<std::uint32_t, std::string> ports) {
    auto fresh = std::make_shared<const Table>(Table{std::move(plan), std::move(ports)});
    const MutexLock lock(mutex_);
    table_.swap(fresh);
}

std::shared_ptr<const Responder::Table> Responder::table() {
    const MutexLock lock(mutex_);
    return table_;
}

void Responder::run(const std::stop_token& stop) noexcept {
    const std::stop_callback wake(stop, [this] {
        const std::uint64_t one = 1;
        (void)!::write(wake_.get(), &one, sizeof one);
    });
    std::array<pollfd, 3> waiting{
        {{arp_.get(), POLLIN, 0}, {ipv6_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
    while (!stop.stop_requested()) {
        if (::poll(waiting.data(), waiting.size(), -1) <= 0) {
            continue;
        }
        for (const auto& ready : {waiting[0], waiting[1]}) {
            if (ready.revents != 0) {
                answer_one(ready.fd);
            }
        }
    }
}

void Responder::answer_one(int socket) {
    std::array<std::uint8_t, 256> buffer{};
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const auto got = ::recvfrom(socket, buffer.data(), buffer.size(), 0,
                                reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0 || from.sll_pkttype == PACKET_OUTGOING) {
        return;
    }
    const auto question = question_in({buffer.data(), static_cast<std::size_t>(got)});
    const auto now = table();
    const auto port = now->ports.find(static_cast<std::uint32_t>(from.sll_ifindex));
    if (!question || port == now->ports.end()) {
        return;
    }
    const auto around = now->plan.neighbourhoods.find(port->second);
    if (around == now->plan.neighbourhoods.end() || around->second.mac != question->asker ||
        !answers(now->plan, port->second, question->target)) {
        return;
    }
    const auto frame =
        answer_to(*question, kVpcMac, is_gateway(now->plan, port->second, question->target));
    (void)::sendto(socket, frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
}

}  // namespace terway::sim
