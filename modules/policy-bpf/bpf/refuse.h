/* The answer to a pod whose connection no backend takes, as if the Service had given it: RST by TCP,
   whose sockets do not hear of errors while they are connecting; else "port unreachable". */
#pragma once

#include <linux/tcp.h>

#include "rewrite.h"

enum { QUOTED = 8 /* bytes of the transport header */, TTL = 64 };

struct v4_refusal {
    struct iphdr ip;
    __u8 type;
    __u8 code;
    __u16 checksum;
    __u32 unused;
};
struct v6_refusal {
    struct ipv6hdr ip;
    __u8 type;
    __u8 code;
    __u16 checksum;
    __u32 unused;
};

static __always_inline __u16 folded(__s64 sum) {
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (__u16)~sum;
}

static __always_inline bool refuse_v4(struct __sk_buff *skb) {
    struct v4_refusal refusal = {};
    __u8 quote[sizeof(struct iphdr) + QUOTED];
    const __u32 length = sizeof refusal + sizeof quote;
    if (bpf_skb_change_tail(skb, ETH_HLEN + sizeof quote, 0) != 0 ||
        bpf_skb_load_bytes(skb, ETH_HLEN, quote, sizeof quote) != 0 ||
        bpf_skb_adjust_room(skb, sizeof refusal, BPF_ADJ_ROOM_MAC, 0) != 0) {
        return false;
    }
    const struct iphdr *about = (const struct iphdr *)quote;
    refusal.ip.version = 4;
    refusal.ip.ihl = 5;
    refusal.ip.tot_len = bpf_htons(length);
    refusal.ip.ttl = TTL;
    refusal.ip.protocol = PROTOCOL_ICMP;
    refusal.ip.saddr = about->daddr;
    refusal.ip.daddr = about->saddr;
    refusal.ip.check = folded(bpf_csum_diff(NULL, 0, (__be32 *)&refusal.ip, sizeof refusal.ip, 0));
    refusal.type = 3;
    refusal.code = 3;
    __s64 sum = bpf_csum_diff(NULL, 0, (__be32 *)&refusal.type, 8, 0);
    sum = bpf_csum_diff(NULL, 0, (__be32 *)quote, sizeof quote, sum);
    refusal.checksum = folded(sum);
    return bpf_skb_store_bytes(skb, ETH_HLEN, &refusal, sizeof refusal, 0) == 0;
}

static __always_inline bool refuse_v6(struct __sk_buff *skb) {
    struct v6_refusal refusal = {};
    __u8 quote[sizeof(struct ipv6hdr) + QUOTED];
    const __u32 length = sizeof quote + 8;
    if (bpf_skb_change_tail(skb, ETH_HLEN + sizeof quote, 0) != 0 ||
        bpf_skb_load_bytes(skb, ETH_HLEN, quote, sizeof quote) != 0 ||
        bpf_skb_adjust_room(skb, sizeof refusal, BPF_ADJ_ROOM_MAC, 0) != 0) {
        return false;
    }
    const struct ipv6hdr *about = (const struct ipv6hdr *)quote;
    refusal.ip.version = 6;
    refusal.ip.payload_len = bpf_htons(length);
    refusal.ip.nexthdr = PROTOCOL_ICMPV6;
    refusal.ip.hop_limit = TTL;
    refusal.ip.saddr = about->daddr;
    refusal.ip.daddr = about->saddr;
    refusal.type = 1;
    refusal.code = 4;
    const __be32 pseudo[2] = {bpf_htonl(length), bpf_htonl(PROTOCOL_ICMPV6)};
    __s64 sum = bpf_csum_diff(NULL, 0, (__be32 *)&refusal.ip.saddr, 2 * sizeof refusal.ip.saddr, 0);
    sum = bpf_csum_diff(NULL, 0, (__be32 *)pseudo, sizeof pseudo, sum);
    sum = bpf_csum_diff(NULL, 0, (__be32 *)&refusal.type, 8, sum);
    sum = bpf_csum_diff(NULL, 0, (__be32 *)quote, sizeof quote, sum);
    refusal.checksum = folded(sum);
    return bpf_skb_store_bytes(skb, ETH_HLEN, &refusal, sizeof refusal, 0) == 0;
}

/* To a SYN; what follows its header is cut off. */
static __always_inline struct tcphdr reset_of(const struct tcphdr *syn) {
    struct tcphdr reset = {};
    reset.source = syn->dest;
    reset.dest = syn->source;
    reset.ack_seq = bpf_htonl(bpf_ntohl(syn->seq) + 1);
    reset.doff = sizeof reset / 4;
    reset.rst = 1;
    reset.ack = 1;
    return reset;
}

/* `addresses` are both of the packet, one after the other. */
static __always_inline void sum_reset(struct tcphdr *reset, __be32 *addresses, __u32 size) {
    const __be32 pseudo[2] = {bpf_htonl(sizeof *reset), bpf_htonl(PROTOCOL_TCP)};
    __s64 sum = bpf_csum_diff(NULL, 0, addresses, size, 0);
    sum = bpf_csum_diff(NULL, 0, (__be32 *)pseudo, sizeof pseudo, sum);
    reset->check = folded(bpf_csum_diff(NULL, 0, (__be32 *)reset, sizeof *reset, sum));
}

static __always_inline bool reset_v4(struct __sk_buff *skb) {
    struct {
        struct iphdr ip;
        struct tcphdr tcp;
    } packet;
    if (bpf_skb_change_tail(skb, ETH_HLEN + sizeof packet, 0) != 0 ||
        bpf_skb_load_bytes(skb, ETH_HLEN, &packet, sizeof packet) != 0) {
        return false;
    }
    const __be32 asked = packet.ip.daddr;
    packet.ip.daddr = packet.ip.saddr;
    packet.ip.saddr = asked;
    packet.ip.tot_len = bpf_htons(sizeof packet);
    packet.ip.ttl = TTL;
    packet.ip.check = 0;
    packet.ip.check = folded(bpf_csum_diff(NULL, 0, (__be32 *)&packet.ip, sizeof packet.ip, 0));
    packet.tcp = reset_of(&packet.tcp);
    sum_reset(&packet.tcp, &packet.ip.saddr, 2 * sizeof packet.ip.saddr);
    return bpf_skb_store_bytes(skb, ETH_HLEN, &packet, sizeof packet, 0) == 0;
}

static __always_inline bool reset_v6(struct __sk_buff *skb) {
    struct {
        struct ipv6hdr ip;
        struct tcphdr tcp;
    } packet;
    if (bpf_skb_change_tail(skb, ETH_HLEN + sizeof packet, 0) != 0 ||
        bpf_skb_load_bytes(skb, ETH_HLEN, &packet, sizeof packet) != 0) {
        return false;
    }
    const struct in6_addr asked = packet.ip.daddr;
    packet.ip.daddr = packet.ip.saddr;
    packet.ip.saddr = asked;
    packet.ip.payload_len = bpf_htons(sizeof packet.tcp);
    packet.ip.hop_limit = TTL;
    packet.tcp = reset_of(&packet.tcp);
    sum_reset(&packet.tcp, (__be32 *)&packet.ip.saddr, 2 * sizeof packet.ip.saddr);
    return bpf_skb_store_bytes(skb, ETH_HLEN, &packet, sizeof packet, 0) == 0;
}

/* Packets with options or extension headers get no answer. */
int refuse(struct __sk_buff *skb);
__noinline int refuse(struct __sk_buff *skb) {
    struct sight *sight = sight_of_processor();
    if (sight == NULL) {
        return TC_ACT_SHOT;
    }
    struct packet *packet = &sight->packet;
    const bool v4 = is_v4(&packet->destination);
    const __u32 plain = ETH_HLEN + (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
    if (packet->offset != plain || packet->is_first || packet->is_later) {
        return TC_ACT_SHOT;
    }
    bool is_made;
    if (packet->protocol == PROTOCOL_TCP) {
        is_made = v4 ? reset_v4(skb) : reset_v6(skb);
    } else {
        is_made = v4 ? refuse_v4(skb) : refuse_v6(skb);
    }
    return is_made ? send_back(skb, sight) : TC_ACT_SHOT;
}
