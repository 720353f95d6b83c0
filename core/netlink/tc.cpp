#include "netlink/tc.hpp"

#include <arpa/inet.h>

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>

#include "netlink/parse.hpp"
#include "netlink/tc_match.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

std::string on(std::uint32_t ifindex) {
    return " on link " + std::to_string(ifindex);
}

std::uint32_t parent_of(Hook hook) {
    return TC_H_MAKE(TC_H_CLSACT, hook == Hook::Ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

tcmsg clsact_header(std::uint32_t ifindex) {
    tcmsg header{};
    header.tcm_family = AF_UNSPEC;
    header.tcm_ifindex = static_cast<int>(ifindex);
    header.tcm_parent = TC_H_CLSACT;
    header.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
    return header;
}

tcmsg filter_header(std::uint32_t ifindex, const Filter& filter) {
    tcmsg header{};
    header.tcm_family = AF_UNSPEC;
    header.tcm_ifindex = static_cast<int>(ifindex);
    header.tcm_parent = parent_of(filter.hook);
    header.tcm_handle = filter.handle;
    header.tcm_info = (static_cast<std::uint32_t>(filter.priority) << 16U) | htons(filter.protocol);
    return header;
}

std::string text(const Filter& filter) {
    return "filter " + std::to_string(filter.priority) +
           (filter.destination ? " to " + filter.destination->text() : "") +
           (filter.source ? " from " + filter.source->text() : "");
}

// -- building

std::vector<std::uint8_t> mask_of(const Prefix& prefix) {
    std::vector<std::uint8_t> mask(prefix.address().bytes().size());
    for (unsigned bit = 0; bit < prefix.length(); ++bit) {
        mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | (0x80U >> (bit % 8)));
    }
    return mask;
}

void put_destination(Message& message, const Prefix& destination) {
    const bool v4 = destination.is_v4();
    const auto network = destination.network().address();
    const auto mask = mask_of(destination);
    message.put(v4 ? TCA_FLOWER_KEY_IPV4_DST : TCA_FLOWER_KEY_IPV6_DST, network.bytes());
    message.put(v4 ? TCA_FLOWER_KEY_IPV4_DST_MASK : TCA_FLOWER_KEY_IPV6_DST_MASK, mask);
}

void put_flower(Message& message, const Filter& filter) {
    message.u16(TCA_FLOWER_KEY_ETH_TYPE, htons(filter.protocol));
    if (filter.destination) {
        put_destination(message, *filter.destination);
    }
    message.u32(TCA_FLOWER_FLAGS, TCA_CLS_FLAGS_SKIP_HW);
    put_actions(message, TCA_FLOWER_ACT, filter.actions);
}

void put_u32(Message& message, const Filter& filter) {
    message.put(TCA_U32_SEL, u32_selector(filter.source));
    if (filter.flow != 0) {
        message.u32(TCA_U32_CLASSID, filter.flow);
    }
    message.u32(TCA_U32_FLAGS, TCA_CLS_FLAGS_SKIP_HW);
    put_actions(message, TCA_U32_ACT, filter.actions);
}

void put_program(Message& message, const Filter& filter) {
    if (!filter.program) {
        throw Error(Status::Invalid, text(filter) + " has no program");
    }
    message.u32(TCA_BPF_FD, static_cast<std::uint32_t>(filter.program->fd));
    message.text(TCA_BPF_NAME, filter.program->name);
    if (filter.flow != 0) {
        message.u32(TCA_BPF_CLASSID, filter.flow);
    }
    message.u32(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    message.u32(TCA_BPF_FLAGS_GEN, TCA_CLS_FLAGS_SKIP_HW);
}

void put_filter(Message& message, std::uint32_t ifindex, const Filter& filter) {
    message.header(filter_header(ifindex, filter));
    message.text(TCA_KIND, filter.kind);
    message.nest(TCA_OPTIONS, [&] {
        if (filter.kind == "u32") {
            put_u32(message, filter);
        } else if (filter.kind == "bpf") {
            put_program(message, filter);
        } else {
            put_flower(message, filter);
        }
    });
}

// -- parsing

std::optional<Prefix> destination_of(const nlattr* key, const nlattr* mask, std::uint8_t family) {
    const auto address = address_of(family, key);
    const auto bits = address_of(family, mask);
    if (!address || !bits) {
        return std::nullopt;
    }
    unsigned length = 0;
    while (length < bits->bits() && (bits->bytes()[length / 8] & (0x80U >> (length % 8))) != 0) {
        ++length;
    }
    return Prefix(*address, length);
}

void read_flower(Filter& filter, nlattr* options) {
    const auto given = parse_nest<TCA_FLOWER_MAX + 1>(options);
    filter.destination = destination_of(given[TCA_FLOWER_KEY_IPV4_DST],
                                        given[TCA_FLOWER_KEY_IPV4_DST_MASK], AF_INET);
    if (!filter.destination) {
        filter.destination = destination_of(given[TCA_FLOWER_KEY_IPV6_DST],
                                            given[TCA_FLOWER_KEY_IPV6_DST_MASK], AF_INET6);
    }
    filter.actions = actions_of(given[TCA_FLOWER_ACT]);
}

void read_program(Filter& filter, nlattr* options) {
    const auto given = parse_nest<TCA_BPF_MAX + 1>(options);
    Program program;
    program.id = u32_or(given[TCA_BPF_ID], 0);
    if (given[TCA_BPF_NAME] != nullptr) {
        program.name = nla_get_string(given[TCA_BPF_NAME]);
    }
    filter.program = program;
    filter.flow = u32_or(given[TCA_BPF_CLASSID], 0);
    filter.actions = actions_of(given[TCA_BPF_ACT]);
}

void write_filter(Socket& socket, std::uint32_t ifindex, const Filter& filter, int flags,
                  const std::string& verb) {
    Message message(RTM_NEWTFILTER, flags);
    put_filter(message, ifindex, filter);
    socket.request(message, verb + " " + text(filter) + on(ifindex));
}

}  // namespace

bool Filter::same_as(const Filter& other) const {
    return hook == other.hook && priority == other.priority && protocol == other.protocol &&
           kind == other.kind && destination == other.destination && source == other.source &&
           actions == other.actions && flow == other.flow &&
           program.has_value() == other.program.has_value() &&
           (!program || program->name == other.program->name);
}

bool ensure_clsact(Socket& socket, std::uint32_t ifindex) {
    Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
    message.header(clsact_header(ifindex));
    message.text(TCA_KIND, "clsact");
    return socket.request_tolerating(message, "add clsact" + on(ifindex), {EEXIST}) == 0;
}

bool remove_clsact(Socket& socket, std::uint32_t ifindex) {
    Message message(RTM_DELQDISC);
    message.header(clsact_header(ifindex));
    message.text(TCA_KIND, "clsact");
    return socket.request_tolerating(message, "remove clsact" + on(ifindex),
                                     {ENOENT, EINVAL, ENODEV}) == 0;
}

std::vector<Filter> filters(Socket& socket, std::uint32_t ifindex, Hook hook) {
    Message message(RTM_GETTFILTER);
    message.header(
        filter_header(ifindex, {.hook = hook, .destination = {}, .actions = {}, .program = {}}));
    std::vector<Filter> all;
    socket.dump(
        message, "list filters" + on(ifindex), [&] { all.clear(); },
        [&](const nlmsghdr& entry) {
            const auto* found = static_cast<const tcmsg*>(nlmsg_data(&entry));
            const auto attributes = parse<TCA_MAX + 1>(entry, sizeof(tcmsg));
            // The first of a priority's entries is its head.
            if (entry.nlmsg_type != RTM_NEWTFILTER || attributes[TCA_KIND] == nullptr ||
                attributes[TCA_OPTIONS] == nullptr) {
                return;
            }
            Filter filter;
            filter.hook = hook;
            filter.priority = static_cast<std::uint16_t>(found->tcm_info >> 16U);
            filter.protocol = ntohs(static_cast<std::uint16_t>(found->tcm_info));
            filter.handle = found->tcm_handle;
            filter.kind = nla_get_string(attributes[TCA_KIND]);
            if (filter.kind == "flower") {
                read_flower(filter, attributes[TCA_OPTIONS]);
            } else if (filter.kind == "u32") {
                const auto given = parse_nest<TCA_U32_MAX + 1>(attributes[TCA_OPTIONS]);
                if (given[TCA_U32_SEL] == nullptr) {
                    return;  // a table of such filters, no filter
                }
                filter.source = u32_source(given[TCA_U32_SEL]);
                filter.actions = actions_of(given[TCA_U32_ACT]);
                filter.flow = u32_or(given[TCA_U32_CLASSID], 0);
            } else if (filter.kind == "bpf") {
                read_program(filter, attributes[TCA_OPTIONS]);
            }
            all.push_back(std::move(filter));
        });
    return all;
}

void add_filter(Socket& socket, std::uint32_t ifindex, const Filter& filter) {
    write_filter(socket, ifindex, filter, NLM_F_CREATE | NLM_F_EXCL, "add");
}

void set_filter(Socket& socket, std::uint32_t ifindex, const Filter& filter) {
    write_filter(socket, ifindex, filter, NLM_F_CREATE, "set");
}

bool change_actions(Socket& socket, std::uint32_t ifindex, const Filter& filter) {
    Message message(RTM_NEWTFILTER, NLM_F_REPLACE);
    put_filter(message, ifindex, filter);
    return socket.request_tolerating(message, "change " + text(filter) + on(ifindex),
                                     {ENOENT, EINVAL, ENODEV}) == 0;
}

bool remove_filter(Socket& socket, std::uint32_t ifindex, const Filter& filter) {
    Message message(RTM_DELTFILTER);
    message.header(filter_header(ifindex, filter));
    message.text(TCA_KIND, filter.kind);
    return socket.request_tolerating(message, "remove " + text(filter) + on(ifindex),
                                     {ENOENT, EINVAL, ENODEV}) == 0;
}

}  // namespace terway::netlink
