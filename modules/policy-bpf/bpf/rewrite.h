/* Changes of addresses and ports, checksums included. Each answers whether it was done. */
#pragma once

#include "sight.h"

enum {
    V4_CHECKSUM = ETH_HLEN + 10,
    V4_SOURCE = ETH_HLEN + 12,
    V4_DESTINATION = ETH_HLEN + 16,
    V6_SOURCE = ETH_HLEN + 8,
    V6_DESTINATION = ETH_HLEN + 24,
    TCP_CHECKSUM = 16, /* from the transport header */
    UDP_CHECKSUM = 6,
    DESTINATION_PORT = 2
};

static __always_inline __u32 v4_of(const struct policy_address *address) {
    return (__u32)(address->low >> 32);
}

/* What the addresses' change means for the transport's checksum. */
static __always_inline bool rewrite_sum(struct __sk_buff *skb, const struct packet *packet,
                                        const struct policy_address *from, __u16 from_port,
                                        const struct policy_address *to, __u16 to_port) {
    const bool is_udp = packet->protocol == PROTOCOL_UDP;
    const __u32 sum = packet->offset + (is_udp ? UDP_CHECKSUM : TCP_CHECKSUM);
    const __u64 zero = is_udp ? BPF_F_MARK_MANGLED_0 : 0; /* UDP without a checksum stays so */
    struct policy_address before = *from;
    struct policy_address after = *to;
    const __s64 difference = bpf_csum_diff((__be32 *)&before, sizeof before, (__be32 *)&after, sizeof after, 0);
    return bpf_l4_csum_replace(skb, sum, 0, difference, zero | BPF_F_PSEUDO_HDR) == 0 &&
           bpf_l4_csum_replace(skb, sum, bpf_htons(from_port), bpf_htons(to_port), zero | sizeof from_port) == 0;
}

/* The packet's source or its destination becomes sight->to and sight->to_port. */
int rewrite(struct __sk_buff *skb, __u32 is_source);
__noinline int rewrite(struct __sk_buff *skb, __u32 is_source) {
    struct sight *sight = sight_of_processor();
    if (sight == NULL) {
        return false;
    }
    struct packet *packet = &sight->packet;
    struct policy_address *from = is_source ? &packet->source : &packet->destination;
    const __u16 from_port = is_source ? packet->source_port : packet->destination_port;
    const __u16 port = bpf_htons(sight->to_port);
    if (!packet->is_later) {
        if (!rewrite_sum(skb, packet, from, from_port, &sight->to, sight->to_port) ||
            bpf_skb_store_bytes(skb, packet->offset + (is_source ? 0 : DESTINATION_PORT), &port, sizeof port, 0) != 0) {
            return false;
        }
    }
    if (is_v4(&sight->to)) {
        const __u32 after = v4_of(&sight->to);
        if (bpf_l3_csum_replace(skb, V4_CHECKSUM, v4_of(from), after, sizeof after) != 0 ||
            bpf_skb_store_bytes(skb, is_source ? V4_SOURCE : V4_DESTINATION, &after, sizeof after, 0) != 0) {
            return false;
        }
    } else if (bpf_skb_store_bytes(skb, is_source ? V6_SOURCE : V6_DESTINATION, &sight->to, sizeof sight->to, 0) != 0) {
        return false;
    }
    *from = sight->to;
    if (is_source) {
        packet->source_port = sight->to_port;
    } else {
        packet->destination_port = sight->to_port;
    }
    return true;
}

/* The destination of the packet an ICMP error is about becomes the Service it was sent to. */
static __always_inline bool rewrite_inner(struct __sk_buff *skb, const struct sight *sight, const struct packet *inner,
                                          const struct policy_connection *of) {
    const __u32 sum = sight->packet.offset + 2; /* ICMP's */
    const __u32 header = sight->packet.offset + 8;
    const __u16 port = bpf_htons(of->other_port);
    struct policy_address after = of->other;
    if (is_v4(&after)) {
        const __u32 address = v4_of(&after);
        /* What the address adds to ICMP's checksum, the inner header's checksum takes. */
        if (bpf_l3_csum_replace(skb, header + 10, v4_of(&inner->destination), address, sizeof address) != 0 ||
            bpf_skb_store_bytes(skb, header + 16, &address, sizeof address, 0) != 0) {
            return false;
        }
    } else {
        struct policy_address before = inner->destination;
        const __s64 difference = bpf_csum_diff((__be32 *)&before, sizeof before, (__be32 *)&after, sizeof after, 0);
        if (bpf_l4_csum_replace(skb, sum, 0, difference, 0) != 0 ||
            bpf_skb_store_bytes(skb, header + 24, &after, sizeof after, 0) != 0) {
            return false;
        }
    }
    return bpf_l4_csum_replace(skb, sum, bpf_htons(inner->destination_port), port, sizeof port) == 0 &&
           bpf_skb_store_bytes(skb, inner->offset + DESTINATION_PORT, &port, sizeof port, 0) == 0;
}

/* Back to the pod it came from. */
static __always_inline int send_back(struct __sk_buff *skb, const struct sight *sight) {
    __u8 macs[2 * ETH_ALEN];
    __u8 swapped[2 * ETH_ALEN];
    if (bpf_skb_load_bytes(skb, 0, macs, sizeof macs) != 0) {
        return TC_ACT_SHOT;
    }
    __builtin_memcpy(swapped, macs + ETH_ALEN, ETH_ALEN);
    /* Inside, the pod's link is its own neighbour. */
    __builtin_memcpy(swapped + ETH_ALEN, sight->is_inside ? macs + ETH_ALEN : macs, ETH_ALEN);
    if (bpf_skb_store_bytes(skb, 0, swapped, sizeof swapped, 0) != 0) {
        return TC_ACT_SHOT;
    }
    skb->mark = POLICY_SENT_BACK;
    return bpf_redirect(skb->ifindex, sight->is_inside ? BPF_F_INGRESS : 0);
}
