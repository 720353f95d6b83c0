#include "host/kernel_trial.hpp"

// Before the kernel's headers, which then leave the same names alone.
#include <netinet/in.h>

#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "netlink/link.hpp"
#include "netlink/nfnetlink.hpp"
#include "netlink/socket.hpp"
#include "terway/error.hpp"

namespace terway::host {
namespace {

using netlink::Message;
using netlink::nfnetlink_message;
using netlink::nft_type;
using netlink::Socket;

constexpr std::uint32_t kLoopbackIndex = 1;

template <class Value>
struct Named {
    std::string_view name;
    Value value;
};

template <class Value, std::size_t Size>
std::optional<Value> lookup(const std::array<Named<Value>, Size>& table, std::string_view name) {
    for (const auto& row : table) {
        if (row.name == name) {
            return row.value;
        }
    }
    return std::nullopt;
}

std::optional<std::string> refusal_of(Socket& socket, Message& message) {
    try {
        socket.request(message, "refused");
        return std::nullopt;
    } catch (const Error& error) {
        return error.what();
    }
}

bool stands_on_another_link(std::string_view kind) {
    return kind == "ipvlan" || kind == "ipvtap" || kind == "macvlan" || kind == "macvtap" ||
           kind == "vlan";
}

std::uint32_t make_parent(Socket& socket) {
    netlink::VethEnd end;
    end.name = "trial-parent";
    netlink::VethEnd peer;
    peer.name = "trial-peer";
    netlink::create_veth(socket, end, peer);
    return netlink::find_link(socket, end.name).value().index;
}

// The least that a link of this kind insists on.
void put_netdev_data(Message& message, std::string_view kind) {
    message.nest(IFLA_INFO_DATA, [&] {
        if (kind == "vlan") {
            message.u16(IFLA_VLAN_ID, 1);
        } else if (kind == "vxlan") {
            message.u32(IFLA_VXLAN_ID, 1);
        } else if (kind == "geneve") {
            message.u32(IFLA_GENEVE_ID, 1);
        }
    });
}

bool wants_netdev_data(std::string_view kind) {
    return kind == "vlan" || kind == "vxlan" || kind == "geneve";
}

void put_tbf_options(Message& message) {
    tc_tbf_qopt options{};
    options.rate.linklayer = TC_LINKLAYER_ETHERNET;
    options.rate.rate = 1'000'000;
    options.limit = 100'000;
    options.buffer = 1'000'000;
    message.put(TCA_TBF_PARMS, &options, sizeof options);
}

void put_htb_options(Message& message) {
    tc_htb_glob options{};
    options.version = TC_HTB_PROTOVER;
    options.rate2quantum = 10;
    message.put(TCA_HTB_INIT, &options, sizeof options);
}

void put_qdisc_options(Message& message, std::string_view kind) {
    if (kind == "tbf") {
        message.nest(TCA_OPTIONS, [&] { put_tbf_options(message); });
    } else if (kind == "htb") {
        message.nest(TCA_OPTIONS, [&] { put_htb_options(message); });
    } else if (kind == "prio") {
        const tc_prio_qopt options{3, {1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}};
        message.put(TCA_OPTIONS, &options, sizeof options);
    }
}

constexpr std::array<Named<std::uint8_t>, 6> kNftFamilies{{{"ip", NFPROTO_IPV4},
                                                           {"ip6", NFPROTO_IPV6},
                                                           {"inet", NFPROTO_INET},
                                                           {"arp", NFPROTO_ARP},
                                                           {"bridge", NFPROTO_BRIDGE},
                                                           {"netdev", NFPROTO_NETDEV}}};

// Those that need nothing beside their type.
constexpr std::array<Named<bpf_prog_type>, 6> kBpfTypes{
    {{"socket_filter", BPF_PROG_TYPE_SOCKET_FILTER},
     {"sched_cls", BPF_PROG_TYPE_SCHED_CLS},
     {"sched_act", BPF_PROG_TYPE_SCHED_ACT},
     {"xdp", BPF_PROG_TYPE_XDP},
     {"cgroup_skb", BPF_PROG_TYPE_CGROUP_SKB},
     {"cgroup_sock", BPF_PROG_TYPE_CGROUP_SOCK}}};

}  // namespace

std::optional<std::string> KernelTrial::netdev(const std::string& kind) const {
    auto socket = Socket::in(scratch_.fd());
    Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    message.header(ifinfomsg{});
    message.text(IFLA_IFNAME, "trial");
    if (stands_on_another_link(kind)) {
        message.u32(IFLA_LINK, make_parent(socket));
    }
    message.nest(IFLA_LINKINFO, [&] {
        message.text(IFLA_INFO_KIND, kind);
        if (wants_netdev_data(kind)) {
            put_netdev_data(message, kind);
        }
    });
    auto refusal = refusal_of(socket, message);
    netlink::remove_link(socket, "trial");
    netlink::remove_link(socket, "trial-parent");
    return refusal;
}

std::optional<std::string> KernelTrial::qdisc(const std::string& kind) const {
    auto socket = Socket::in(scratch_.fd());
    const bool two_sided = kind == "clsact" || kind == "ingress";
    tcmsg where{};
    where.tcm_family = AF_UNSPEC;
    where.tcm_ifindex = static_cast<int>(kLoopbackIndex);
    where.tcm_parent = two_sided ? TC_H_CLSACT : TC_H_ROOT;
    where.tcm_handle = two_sided ? TC_H_MAKE(TC_H_CLSACT, 0) : 0x10000U;
    Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
    message.header(where);
    message.text(TCA_KIND, kind);
    put_qdisc_options(message, kind);
    auto refusal = refusal_of(socket, message);
    if (!refusal) {
        Message removal(RTM_DELQDISC);
        removal.header(where);
        socket.request(removal, "remove the trial qdisc " + kind);
    }
    return refusal;
}

std::optional<std::string> KernelTrial::nft(const std::string& family) const {
    const auto number = lookup(kNftFamilies, family);
    if (!number) {
        return "unknown nftables family";
    }
    auto socket = Socket::in(scratch_.fd(), NETLINK_NETFILTER);
    std::vector<Message> batch;
    batch.push_back(nfnetlink_message(NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES));
    batch.push_back(
        nfnetlink_message(nft_type(NFT_MSG_NEWTABLE), *number, NLM_F_CREATE | NLM_F_ACK));
    batch.back().text(NFTA_TABLE_NAME, "terway-trial-" + family);
    batch.push_back(nfnetlink_message(NFNL_MSG_BATCH_END, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES));
    try {
        socket.batch(batch, "refused");
        return std::nullopt;
    } catch (const Error& error) {
        return error.what();
    }
}

std::optional<std::string> try_bpf(const std::string& type) {
    const auto number = lookup(kBpfTypes, type);
    if (!number) {
        return "unknown BPF program type";
    }
    std::array<bpf_insn, 2> program{};
    program[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    program[0].dst_reg = BPF_REG_0;
    program[1].code = BPF_JMP | BPF_EXIT;
    bpf_attr attributes{};
    attributes.prog_type = *number;
    attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
    attributes.insn_cnt = program.size();
    attributes.license = reinterpret_cast<std::uintptr_t>("GPL");
    const Fd loaded(
        static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes)));
    if (!loaded) {
        return std::string("refused: ") + std::strerror(errno);
    }
    return std::nullopt;
}

}  // namespace terway::host
