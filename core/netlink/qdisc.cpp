#include "netlink/qdisc.hpp"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <utility>

#include "netlink/parse.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

// One round of a class among its kind; there is no other, but the kernel wants to know.
constexpr std::uint32_t kQuantum = 60'000;
// Without it tc acknowledges a question and keeps the answer to itself.
constexpr int kAnswered = NLM_F_ECHO;

tcmsg header_of(std::uint32_t ifindex, std::uint32_t parent, std::uint32_t handle) {
    tcmsg header{};
    header.tcm_family = AF_UNSPEC;
    header.tcm_ifindex = static_cast<int>(ifindex);
    header.tcm_parent = parent;
    header.tcm_handle = handle;
    return header;
}

std::string on(std::uint32_t ifindex) {
    return " on link " + std::to_string(ifindex);
}

Counters counters_of(nlattr* statistics) {
    const auto given = parse_nest<TCA_STATS_MAX + 1>(statistics);
    Counters counters;
    const auto basic = struct_of<gnet_stats_basic>(given[TCA_STATS_BASIC]);
    counters.bytes = basic.bytes;
    counters.packets = basic.packets;
    const auto queue = struct_of<gnet_stats_queue>(given[TCA_STATS_QUEUE]);
    counters.drops = queue.drops;
    counters.overlimits = queue.overlimits;
    counters.waiting_bytes = queue.backlog;
    counters.waiting_packets = queue.qlen;
    counters.bytes_per_second =
        given[TCA_STATS_RATE_EST64] != nullptr
            ? struct_of<gnet_stats_rate_est64>(given[TCA_STATS_RATE_EST64]).bps
            : struct_of<gnet_stats_rate_est>(given[TCA_STATS_RATE_EST]).bps;
    return counters;
}

std::optional<Qdisc> qdisc_of(const nlmsghdr& entry) {
    const auto attributes = parse<TCA_MAX + 1>(entry, sizeof(tcmsg));
    if (entry.nlmsg_type != RTM_NEWQDISC || attributes[TCA_KIND] == nullptr) {
        return std::nullopt;
    }
    const auto* found = static_cast<const tcmsg*>(nlmsg_data(&entry));
    Qdisc qdisc;
    qdisc.ifindex = static_cast<std::uint32_t>(found->tcm_ifindex);
    qdisc.parent = found->tcm_parent;
    qdisc.handle = found->tcm_handle;
    qdisc.kind = nla_get_string(attributes[TCA_KIND]);
    qdisc.options = read_options(qdisc.kind, attributes[TCA_OPTIONS]);
    qdisc.counters = counters_of(attributes[TCA_STATS2]);
    return qdisc;
}

std::optional<HtbClass> class_of(const nlmsghdr& entry) {
    const auto attributes = parse<TCA_MAX + 1>(entry, sizeof(tcmsg));
    if (entry.nlmsg_type != RTM_NEWTCLASS || attributes[TCA_KIND] == nullptr ||
        std::string(nla_get_string(attributes[TCA_KIND])) != "htb") {
        return std::nullopt;
    }
    const auto* found = static_cast<const tcmsg*>(nlmsg_data(&entry));
    const auto given = parse_nest<TCA_HTB_MAX + 1>(attributes[TCA_OPTIONS]);
    const auto parameters = struct_of<tc_htb_opt>(given[TCA_HTB_PARMS]);
    HtbClass htb;
    htb.ifindex = static_cast<std::uint32_t>(found->tcm_ifindex);
    // The kernel says "root" of the class's qdisc.
    htb.parent = found->tcm_parent == TC_H_ROOT ? TC_H_MAJ(found->tcm_handle) : found->tcm_parent;
    htb.id = found->tcm_handle;
    htb.rate = given[TCA_HTB_RATE64] != nullptr ? nla_get_u64(given[TCA_HTB_RATE64])
                                                : parameters.rate.rate;
    htb.burst = static_cast<std::uint32_t>(bytes_of(parameters.buffer, htb.rate));
    htb.counters = counters_of(attributes[TCA_STATS2]);
    return htb;
}

}  // namespace

Qdisc make_qdisc(std::uint32_t ifindex, std::uint32_t parent, std::uint16_t major,
                 QdiscOptions options) {
    Qdisc made;
    made.ifindex = ifindex;
    made.parent = parent;
    made.handle = class_id(major, 0);
    made.kind = kind_of(options);
    made.options = std::move(options);
    return made;
}

std::optional<Qdisc> find_qdisc(Socket& socket, std::uint32_t ifindex, std::uint32_t parent) {
    Message message(RTM_GETQDISC, kAnswered);
    message.header(header_of(ifindex, parent, 0));
    std::optional<Qdisc> found;
    (void)socket.get(message, "find the qdisc" + on(ifindex), [&](const nlmsghdr& entry) {
        auto qdisc = qdisc_of(entry);
        // Nothing and the kernel's own have no handle.
        if (qdisc && (qdisc->handle != 0 || parent != kRoot)) {
            found = std::move(qdisc);
        }
    });
    return found;
}

std::vector<Qdisc> qdiscs(Socket& socket) {
    Message message(RTM_GETQDISC);
    message.header(header_of(0, 0, 0));
    std::vector<Qdisc> all;
    socket.dump(
        message, "list qdiscs", [&] { all.clear(); },
        [&](const nlmsghdr& entry) {
            if (auto qdisc = qdisc_of(entry)) {
                all.push_back(*std::move(qdisc));
            }
        });
    return all;
}

void set_qdisc(Socket& socket, const Qdisc& qdisc) {
    const auto kind = qdisc.kind.empty() ? kind_of(qdisc.options) : qdisc.kind;
    Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
    message.header(header_of(qdisc.ifindex, qdisc.parent, qdisc.handle));
    message.text(TCA_KIND, kind);
    put_options(message, qdisc.options);
    socket.request(message, "set qdisc " + kind + on(qdisc.ifindex));
}

bool remove_qdisc(Socket& socket, std::uint32_t ifindex, std::uint32_t parent,
                  std::uint32_t handle) {
    Message message(RTM_DELQDISC);
    message.header(header_of(ifindex, parent, handle));
    return socket.request_tolerating(message, "remove the qdisc" + on(ifindex),
                                     {ENOENT, EINVAL, ENODEV}) == 0;
}

bool HtbClass::same_as(const HtbClass& other) const {
    return ifindex == other.ifindex && parent == other.parent && id == other.id &&
           rate == other.rate && same_burst(burst, other.burst, rate);
}

std::optional<HtbClass> find_class(Socket& socket, std::uint32_t ifindex, std::uint32_t id) {
    Message message(RTM_GETTCLASS, kAnswered);
    message.header(header_of(ifindex, 0, id));
    std::optional<HtbClass> found;
    (void)socket.get(message, "find the class" + on(ifindex),
                     [&](const nlmsghdr& entry) { found = class_of(entry); });
    return found;
}

void set_class(Socket& socket, const HtbClass& htb) {
    Message message(RTM_NEWTCLASS, NLM_F_CREATE);
    message.header(header_of(htb.ifindex, htb.parent, htb.id));
    message.text(TCA_KIND, "htb");
    message.nest(TCA_OPTIONS, [&] {
        tc_htb_opt parameters{};
        parameters.rate.rate = low_rate(htb.rate);
        parameters.rate.linklayer = TC_LINKLAYER_ETHERNET;
        parameters.ceil = parameters.rate;
        parameters.buffer = ticks_of(htb.burst, htb.rate);
        parameters.cbuffer = parameters.buffer;
        parameters.quantum = kQuantum;
        if (htb.rate > parameters.rate.rate) {
            message.put(TCA_HTB_RATE64, &htb.rate, sizeof htb.rate);
            message.put(TCA_HTB_CEIL64, &htb.rate, sizeof htb.rate);
        }
        message.put(TCA_HTB_PARMS, &parameters, sizeof parameters);
    });
    socket.request(message, "set the class" + on(htb.ifindex));
}

}  // namespace terway::netlink
