/* What the rules of an endpoint say to the opening of a connection. */
#pragma once

#include <bpf/bpf_endian.h>

#include "maps.h"

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_SCTP = 132, PROTOCOL_ICMPV6 = 58 };

static __always_inline bool same(const struct policy_address *left, const struct policy_address *right) {
    return left->high == right->high && left->low == right->low;
}

static __always_inline bool is_set(const struct policy_address *address) {
    return address->high != 0 || address->low != 0;
}

static __always_inline bool has_ports(__u32 protocol) {
    return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP;
}

/* The functions below are not static: such the kernel verifies once, whoever calls them. Linux 5.10
   wants plain numbers as their arguments. */
int is_in(__u32 set, __u32 kind, __u32 port, __u64 high, __u64 low);
__u64 ask_element(__u32 list, __u32 port, __u64 high, __u64 low);
int ask(__u32 list, __u32 port, __u32 otherwise, __u64 high, __u64 low);
int allows(__u32 id, __u32 protocol, __u32 port, __u64 high, __u64 low);

/* Whether the set has the far end; of named ports, with this port. */
__noinline int is_in(__u32 set, __u32 kind, __u32 port, __u64 high, __u64 low) {
    if (kind == POLICY_ANYBODY) {
        return true;
    }
    if (kind == POLICY_BLOCKS) {
        const struct policy_block block = {
            .prefix_length = POLICY_BLOCK_BITS + 128, .set = set, .address = {high, low}};
        return bpf_map_lookup_elem(&blocks, &block) != NULL;
    }
    const struct policy_member member = {
        .set = set, .port = kind == POLICY_NAMED ? port : 0, .address = {high, low}};
    return bpf_map_lookup_elem(&members, &member) != NULL;
}

/* The action of the first question that is answered with yes; else 0, and the next element in the
   upper half. What is damaged denies. */
__noinline __u64 ask_element(__u32 list, __u32 port, __u64 high, __u64 low) {
    const struct policy_list *found = bpf_map_lookup_elem(&lists, &list);
    if (found == NULL) {
        return POLICY_DENY;
    }
    for (__u32 i = 0; i < POLICY_QUESTIONS; ++i) {
        if (i >= found->count) {
            break;
        }
        const struct policy_question *question = &found->questions[i];
        if (is_in(question->set, question->kind, port, high, low)) {
            return question->action;
        }
    }
    return (__u64)found->next << 32;
}

__noinline int ask(__u32 list, __u32 port, __u32 otherwise, __u64 high, __u64 low) {
    for (__u32 element = 0; element < POLICY_ELEMENTS; ++element) {
        const __u64 answer = ask_element(list, port, high, low);
        if ((__u32)answer != 0) {
            return (int)answer;
        }
        list = answer >> 32;
        if (list == 0) {
            return otherwise;
        }
    }
    return POLICY_DENY;
}

__noinline int allows(__u32 id, __u32 protocol, __u32 port, __u64 high, __u64 low) {
    if (id == POLICY_OPEN) {
        return true;
    }
    const struct policy_rules *found = bpf_map_lookup_elem(&rules, &id);
    if (found == NULL) {
        return false;
    }
    const bool ported = has_ports(protocol);
    for (__u32 tier = 0; tier < POLICY_TIERS; ++tier) {
        if (tier >= found->tiers) {
            return true;
        }
        const struct policy_port key = {.prefix_length = POLICY_PORT_BITS + 16,
                                        .rules = id,
                                        .tier = tier,
                                        .protocol = ported ? protocol : 0,
                                        .port = ported ? bpf_htons(port) : 0};
        const __u32 *list = bpf_map_lookup_elem(&ports, &key);
        int action = found->otherwise[tier];
        if (list != NULL) {
            action = ask(*list, port, action, high, low);
        }
        if (action != POLICY_PASS) {
            return action == POLICY_ALLOW;
        }
    }
    return true;
}
