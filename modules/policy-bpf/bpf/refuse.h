/* "Port unreachable" to a pod whose connection no backend takes, as if the Service had answered. */
#pragma once

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
    /* The answer belongs to this. */
    struct policy_connection_key key;
    find_key(&key, packet, sight->serial, sight->direction);
    const struct policy_connection connection = {
        .seen = sight->now, .epoch = sight->epoch, .opened = POLICY_EGRESS, .flags = POLICY_ALWAYS | POLICY_RESET};
    if (bpf_map_update_elem(&connections, &key, &connection, BPF_ANY) != 0 ||
        !(v4 ? refuse_v4(skb) : refuse_v6(skb))) {
        return TC_ACT_SHOT;
    }
    return send_back(skb, sight);
}
