/* A packet that is being looked at, and what is said of it. */
#pragma once

#include <linux/pkt_cls.h>

#include "connections.h"

static __always_inline void count(__u32 reason) {
    __u64 *counter = bpf_map_lookup_elem(&reasons, &reason);
    if (counter != NULL) {
        *counter += 1;
    }
}

static __always_inline const struct policy_settings *settings_of_node(void) {
    const __u32 first = 0;
    return bpf_map_lookup_elem(&settings, &first);
}

/* A packet at one of an endpoint's two hooks. It is put together in a map, so that the kernel
   verifies what is made of it once, and not for each way a packet may be read. Whoever fills it is
   not interrupted by another packet on the same processor. */
struct sight {
    struct packet packet;
    struct policy_connection_key key;
    __u32 index; /* of the endpoint */
    __u8 is_inside;
    __u8 has_side;
    __u8 keeps;
    __u8 has_services;
    __u32 direction;
    __u64 rules;
    __u32 epoch;
    __u32 serial;
    __u64 now;
    __u64 learns_until;
    struct policy_address own; /* of the packet's family */

    /* What it was sent to, if that is a Service and was translated. */
    struct policy_address service;
    __u16 service_port;
    __u8 is_translated;
    __u8 is_approved; /* rules let it go there, as a new connection */
    __u32 frontend;
    /* What an address and a port of the packet are to become. */
    struct policy_address to;
    __u16 to_port;
    __u16 reserved3;
    __u32 reserved4;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct sight);
} sights SEC(".maps");

static __always_inline struct sight *sight_of_processor(void) {
    const __u32 first = 0;
    return bpf_map_lookup_elem(&sights, &first);
}

static __always_inline __u32 rules_of(__u64 both, __u32 direction) {
    return direction == POLICY_EGRESS ? (__u32)both : (__u32)(both >> 32);
}

static __noinline void tell(const struct sight *sight, bool allowed, __u32 reason) {
    if (sight == NULL) {
        return;
    }
    struct policy_counter *counter = bpf_map_lookup_elem(&counters, &sight->index);
    if (counter != NULL) {
        __u64 *of = allowed ? counter->allowed : counter->denied;
        of[sight->direction & 1] += 1;
    }
    const struct policy_settings *node = settings_of_node();
    if (node == NULL || node->listeners == 0) {
        return;
    }
    struct policy_verdict *verdict = bpf_ringbuf_reserve(&verdicts, sizeof *verdict, 0);
    if (verdict == NULL) {
        count(POLICY_UNTOLD);
        return;
    }
    const struct packet *packet = &sight->packet;
    verdict->time = sight->now;
    verdict->source = packet->source;
    verdict->destination = packet->destination;
    verdict->endpoint = sight->serial;
    verdict->source_port = has_ports(packet->protocol) ? packet->source_port : 0;
    verdict->destination_port = has_ports(packet->protocol) ? packet->destination_port : 0;
    verdict->direction = sight->direction;
    verdict->allowed = allowed;
    verdict->protocol = packet->protocol;
    verdict->reason = reason;
    verdict->reserved = 0;
    bpf_ringbuf_submit(verdict, 0);
}

static __always_inline int drop(const struct sight *sight, __u32 reason) {
    count(reason);
    tell(sight, false, reason);
    return TC_ACT_SHOT;
}

static __always_inline void find_key(struct policy_connection_key *key, const struct packet *packet,
                                     __u32 serial, __u32 direction) {
    const bool out = direction == POLICY_EGRESS;
    key->endpoint = serial;
    key->local_port = out ? packet->source_port : packet->destination_port;
    key->remote_port = out ? packet->destination_port : packet->source_port;
    key->remote = out ? packet->destination : packet->source;
    key->protocol = packet->protocol;
    key->kind = POLICY_FLOW;
}

/* What the rules say to a connection that was opened in `opened` direction. */
static __always_inline bool may_open(const struct sight *sight, __u32 opened) {
    const __u32 port = opened == POLICY_EGRESS ? sight->key.remote_port : sight->key.local_port;
    return allows(rules_of(sight->rules, opened), sight->key.protocol, port, sight->key.remote.high,
                  sight->key.remote.low);
}
