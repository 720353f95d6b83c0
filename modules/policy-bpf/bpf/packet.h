/* What of a packet matters: between whom, and what kind. */
#pragma once

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "rules.h"

struct packet {
    struct policy_address source;
    struct policy_address destination;
    __u32 protocol;
    __u16 source_port; /* of echoes, see read_echo */
    __u16 destination_port;
    __u32 offset; /* of the transport header, from the frame's beginning */
    __u8 tcp_flags;
    __u8 is_error;    /* an ICMP error */
    __u8 is_answer;   /* an echo's */
    __u8 is_discovery; /* IPv6's neighbours */
    __u8 is_first;    /* of more fragments */
    __u8 is_later;    /* fragment, without a transport header */
    __u16 reserved;
    __u32 fragment; /* its datagram's number */
};

enum { FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_ACK = 16 };

#define MORE_FRAGMENTS 0x2000
#define FRAGMENT_OFFSET 0x1fff
#define V6_MORE_FRAGMENTS 1
#define V6_HEADERS 6 /* extension headers that are looked at */

static __always_inline struct policy_address mapped(__u32 v4) {
    /* ::ffff:0:0/96, as it is in memory */
    const struct policy_address address = {
        .high = 0, .low = ((__u64)v4 << 32) | 0xffff0000ULL};
    return address;
}

static __always_inline bool is_v4(const struct policy_address *address) {
    return address->high == 0 && (__u32)address->low == 0xffff0000u;
}

/* Everything here is about a little-endian machine; so is mapped(). */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "addresses are put together as on x86 and arm64");

static __always_inline bool read_v4(struct __sk_buff *skb, __u32 offset, struct packet *packet) {
    struct iphdr ip;
    if (bpf_skb_load_bytes(skb, offset, &ip, sizeof ip) != 0 || ip.version != 4 || ip.ihl < 5) {
        return false;
    }
    const __u16 place = bpf_ntohs(ip.frag_off);
    packet->source = mapped(ip.saddr);
    packet->destination = mapped(ip.daddr);
    packet->protocol = ip.protocol;
    packet->offset = offset + ip.ihl * 4;
    packet->fragment = ip.id;
    packet->is_later = (place & FRAGMENT_OFFSET) != 0;
    packet->is_first = !packet->is_later && (place & MORE_FRAGMENTS) != 0;
    return true;
}

static __always_inline bool read_v6(struct __sk_buff *skb, __u32 offset, struct packet *packet) {
    struct ipv6hdr ip;
    if (bpf_skb_load_bytes(skb, offset, &ip, sizeof ip) != 0 || ip.version != 6) {
        return false;
    }
    __builtin_memcpy(&packet->source, &ip.saddr, sizeof packet->source);
    __builtin_memcpy(&packet->destination, &ip.daddr, sizeof packet->destination);
    /* Such would be taken for v4. Nobody may send them (RFC 4291, 2.5.5.2, and RFC 6890). */
    if (is_v4(&packet->source) || is_v4(&packet->destination)) {
        return false;
    }
    offset += sizeof ip;
    __u32 next = ip.nexthdr;
    for (int i = 0; i < V6_HEADERS; ++i) {
        __u8 header[8];
        if (next != 0 && next != 43 && next != 44 && next != 51 && next != 60) {
            packet->protocol = next;
            packet->offset = offset;
            return true;
        }
        if (bpf_skb_load_bytes(skb, offset, header, sizeof header) != 0) {
            return false;
        }
        if (next == 44) {  /* fragment */
            const __u16 place = (__u16)(header[2] << 8 | header[3]);
            packet->is_later = (place & ~7) != 0;
            packet->is_first = !packet->is_later && (place & V6_MORE_FRAGMENTS) != 0;
            __builtin_memcpy(&packet->fragment, &header[4], sizeof packet->fragment);
            offset += sizeof header;
            if (packet->is_later) {
                packet->protocol = header[0];
                packet->offset = offset;
                return true;
            }
        } else if (next == 51) {  /* authentication: counted in words */
            offset += (header[1] + 2u) * 4;
        } else {
            offset += (header[1] + 1u) * 8;
        }
        next = header[0];
    }
    return false;
}

/* An echo has one number for both directions. It becomes two ports of which that of who is asked has
   the highest bit, so that an echo and its answer are of one connection, and two that ask each other
   are of two. */
static __always_inline void read_echo(struct packet *packet, __u16 id, bool is_answer) {
    const __u16 asks = id & 0x7fff;
    const __u16 asked = 0x8000 | id >> 15;
    packet->is_answer = is_answer;
    packet->source_port = is_answer ? asked : asks;
    packet->destination_port = is_answer ? asks : asked;
}

/* Of routers and neighbours (RFC 4861), as far as it concerns a pod: it came from the link itself. */
static __always_inline bool is_discovery(struct __sk_buff *skb, __u8 type) {
    __u8 hops = 0;
    return type >= 133 && type <= 136 && skb->protocol == bpf_htons(ETH_P_IPV6) &&
           bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct ipv6hdr, hop_limit), &hops, 1) == 0 && hops == 255;
}

static __always_inline bool read_icmp(struct __sk_buff *skb, struct packet *packet) {
    struct {
        __u8 type;
        __u8 code;
        __u16 checksum;
        __u16 id;
    } icmp;
    if (bpf_skb_load_bytes(skb, packet->offset, &icmp, sizeof icmp) != 0) {
        return false;
    }
    if (packet->protocol == PROTOCOL_ICMP) {
        packet->is_error = icmp.type == 3 || icmp.type == 4 || icmp.type == 5 || icmp.type == 11 || icmp.type == 12;
        if (icmp.type == 8 || icmp.type == 0) {
            read_echo(packet, bpf_ntohs(icmp.id), icmp.type == 0);
        }
    } else {
        packet->is_error = icmp.type < 128;
        packet->is_discovery = is_discovery(skb, icmp.type);
        if (icmp.type == 128 || icmp.type == 129) {
            read_echo(packet, bpf_ntohs(icmp.id), icmp.type == 129);
        }
    }
    return true;
}

/* The transport header; the packet is no later fragment. */
static __always_inline bool read_transport(struct __sk_buff *skb, struct packet *packet) {
    if (packet->protocol == PROTOCOL_ICMP || packet->protocol == PROTOCOL_ICMPV6) {
        return read_icmp(skb, packet);
    }
    if (!has_ports(packet->protocol)) {
        return true;
    }
    __u16 both[2];
    if (bpf_skb_load_bytes(skb, packet->offset, both, sizeof both) != 0) {
        return false;
    }
    packet->source_port = bpf_ntohs(both[0]);
    packet->destination_port = bpf_ntohs(both[1]);
    return packet->protocol != PROTOCOL_TCP ||
           bpf_skb_load_bytes(skb, packet->offset + 13, &packet->tcp_flags, 1) == 0;
}

/* A SYN, and nothing that answers one or ends anything. */
static __always_inline bool opens_tcp(const struct packet *packet) {
    return packet->protocol == PROTOCOL_TCP &&
           (packet->tcp_flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN;
}

/* The packet an ICMP error is about. Of TCP it has the ports at least. */
static __always_inline bool read_inner(struct __sk_buff *skb, const struct packet *error, struct packet *inner) {
    const __u32 offset = error->offset + 8;
    const bool read = error->protocol == PROTOCOL_ICMP ? read_v4(skb, offset, inner) : read_v6(skb, offset, inner);
    if (!read || inner->is_later) {
        return false;
    }
    if (inner->protocol == PROTOCOL_ICMP || inner->protocol == PROTOCOL_ICMPV6) {
        return read_icmp(skb, inner);
    }
    __u16 both[2];
    if (!has_ports(inner->protocol)) {
        return true;
    }
    if (bpf_skb_load_bytes(skb, inner->offset, both, sizeof both) != 0) {
        return false;
    }
    inner->source_port = bpf_ntohs(both[0]);
    inner->destination_port = bpf_ntohs(both[1]);
    return true;
}
