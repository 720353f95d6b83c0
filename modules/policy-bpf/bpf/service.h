/* Services: what a pod sends to one goes to a backend, and what comes from there comes from the
   Service again. */
#pragma once

#include "refuse.h"

enum { GO_ON = -2 /* no verdict yet */ };

/* What comes from a backend of a Service to who asked the Service. */
static __always_inline bool is_from_backend(const struct policy_connection *connection, __u32 direction) {
    return direction == POLICY_INGRESS && connection->opened == POLICY_EGRESS &&
           (connection->flags & POLICY_TRANSLATED) != 0;
}

static __always_inline void find_service_key(struct policy_connection_key *key, const struct sight *sight,
                                             const struct policy_address *service, __u16 service_port,
                                             __u16 local_port) {
    key->endpoint = sight->serial;
    key->local_port = local_port;
    key->remote_port = service_port;
    key->remote = *service;
    key->protocol = sight->packet.protocol;
    key->kind = POLICY_SENT_TO_SERVICE;
}

/* A packet of a backend becomes one of the Service. */
static __always_inline int restore(struct __sk_buff *skb, struct sight *sight,
                                   const struct policy_connection *connection) {
    sight->to = connection->other;
    sight->to_port = connection->other_port;
    if ((sight->packet.tcp_flags & (FLAG_FIN | FLAG_RST)) != 0) {
        struct policy_connection_key key;
        find_service_key(&key, sight, &sight->to, sight->to_port, sight->packet.destination_port);
        struct policy_connection *service = bpf_map_lookup_elem(&connections, &key);
        if (service != NULL) {
            note(service, &sight->packet, POLICY_INGRESS, sight->now);
        }
    }
    if (!rewrite(skb, true)) {
        return drop(sight, POLICY_NOT_WRITABLE);
    }
    return TC_ACT_UNSPEC;
}

/* The kernel may give a deleted element to another key while it is read. Then nothing is found. */
static __always_inline bool find_frontend(const struct policy_frontend_key *key, struct policy_frontend *out) {
    const struct policy_frontend *found = bpf_map_lookup_elem(&frontends, key);
    if (found == NULL) {
        return false;
    }
    *out = *found;
    const struct policy_frontend *again = bpf_map_lookup_elem(&frontends, key);
    return again != NULL && again->id == out->id && again->count == out->count;
}

static __always_inline __u32 state_of(__u32 frontend, const struct policy_address *address, __u16 port) {
    const struct policy_target_key key = {.frontend = frontend, .port = port, .address = *address};
    const __u32 *state = bpf_map_lookup_elem(&targets, &key);
    return state == NULL ? 0 : *state;
}

/* A backend for a new connection, into sight->to. */
static __noinline bool choose(struct sight *sight, const struct policy_frontend_key *key,
                              const struct policy_frontend *frontend) {
    if (sight == NULL || key == NULL || frontend == NULL) {
        return false;
    }
    const struct policy_affinity_key client = {.frontend = *key, .endpoint = sight->serial};
    struct policy_affinity *usual = frontend->affinity == 0 ? NULL : bpf_map_lookup_elem(&affinities, &client);
    if (usual != NULL && age(usual->used, sight->now) < frontend->affinity * POLICY_SECOND &&
        state_of(frontend->id, &usual->backend.address, usual->backend.port) == POLICY_READY) {
        usual->used = sight->now;
        sight->to = usual->backend.address;
        sight->to_port = usual->backend.port;
        return true;
    }
    const struct policy_backend_key slot = {.frontend = frontend->id,
                                            .number = bpf_get_prandom_u32() % frontend->count};
    const struct policy_backend *found = bpf_map_lookup_elem(&backends, &slot);
    if (found == NULL) {
        return false;
    }
    sight->to = found->address;
    sight->to_port = found->port;
    if (frontend->affinity != 0) {
        const struct policy_affinity now = {
            .used = sight->now, .backend = {.address = sight->to, .port = sight->to_port}};
        bpf_map_update_elem(&affinities, &client, &now, BPF_ANY);
    }
    return true;
}

static __always_inline void find_self_key(struct policy_connection_key *key, const struct sight *sight,
                                          const struct policy_address *self, __u16 port, __u16 client_port) {
    key->endpoint = sight->serial;
    key->local_port = port;
    key->remote_port = client_port;
    key->remote = *self;
    key->protocol = sight->packet.protocol;
    key->kind = POLICY_SENT_TO_SELF;
}

static __always_inline struct policy_address self_like(const struct policy_address *own) {
    struct policy_address self = {.high = POLICY_SELF_V6_HIGH, .low = POLICY_SELF_V6_LOW};
    return is_v4(own) ? mapped(POLICY_SELF_V4) : self;
}

/* The backend is who asks. */
static __noinline int go_to_self(struct __sk_buff *skb, struct sight *sight, bool opens) {
    if (sight == NULL) {
        return TC_ACT_SHOT;
    }
    const struct packet *packet = &sight->packet;
    const struct policy_address self = self_like(&packet->source);
    if (opens) {
        struct policy_connection_key key;
        find_self_key(&key, sight, &self, sight->to_port, packet->source_port);
        const struct policy_connection connection = {.seen = sight->now,
                                                     .opened = POLICY_INGRESS,
                                                     .flags = POLICY_ANSWERED,
                                                     .other = packet->destination,
                                                     .other_port = packet->destination_port};
        if (bpf_map_update_elem(&connections, &key, &connection, BPF_ANY) != 0) {
            return drop(sight, POLICY_NO_ROOM);
        }
    }
    if (!rewrite(skb, false)) {
        return drop(sight, POLICY_NOT_WRITABLE);
    }
    sight->to = self;
    sight->to_port = packet->source_port;
    if (!rewrite(skb, true)) {
        return drop(sight, POLICY_NOT_WRITABLE);
    }
    return send_back(skb, sight);
}

/* The pod's answer to SELF. */
static __noinline int answer_self(struct __sk_buff *skb, struct sight *sight) {
    if (sight == NULL) {
        return TC_ACT_SHOT;
    }
    const struct packet *packet = &sight->packet;
    struct policy_connection_key key;
    find_self_key(&key, sight, &packet->destination, packet->source_port, packet->destination_port);
    struct policy_connection *found = bpf_map_lookup_elem(&connections, &key);
    if (found == NULL || is_over(found, packet->protocol, sight->now)) {
        return drop(sight, POLICY_LATE);
    }
    note(found, packet, POLICY_EGRESS, sight->now);
    const struct policy_address own = packet->source;
    sight->to = found->other;
    sight->to_port = found->other_port;
    if (!rewrite(skb, true)) {
        return drop(sight, POLICY_NOT_WRITABLE);
    }
    sight->to = own;
    sight->to_port = packet->destination_port;
    if (!rewrite(skb, false)) {
        return drop(sight, POLICY_NOT_WRITABLE);
    }
    return send_back(skb, sight);
}

/* What the pod sends is an answer to who connected to it from an address and a port of a Service. */
static __always_inline bool is_answer(const struct sight *sight) {
    struct policy_connection_key key;
    find_key(&key, &sight->packet, sight->serial, sight->direction);
    const struct policy_connection *found = bpf_map_lookup_elem(&connections, &key);
    return found != NULL && found->opened == POLICY_INGRESS && !is_over(found, key.protocol, sight->now);
}

/* Whether rules let the pod open a connection to what was chosen. */
static __always_inline bool may_go(struct sight *sight) {
    sight->key.remote = sight->to;
    sight->key.remote_port = sight->to_port;
    sight->key.local_port = sight->packet.source_port;
    sight->key.protocol = sight->packet.protocol;
    sight->is_approved = same(&sight->to, &sight->own) || may_open(sight, POLICY_EGRESS);
    return sight->is_approved;
}

/* Slaves of one ENI meet by its address; their gateway would not send the packet back. */
static __always_inline bool meet_neighbour(struct __sk_buff *skb, const struct sight *sight) {
    const struct policy_neighbour *neighbour = bpf_map_lookup_elem(&neighbours, &sight->packet.destination);
    __u8 own[POLICY_MAC];
    if (!sight->is_inside || neighbour == NULL) {
        return true;
    }
    if (bpf_skb_load_bytes(skb, ETH_ALEN, own, sizeof own) != 0) {
        return false;
    }
    for (__u32 i = 0; i < POLICY_MAC; ++i) {
        if (own[i] != neighbour->mac[i]) {
            return true;
        }
    }
    return bpf_skb_store_bytes(skb, 0, own, sizeof own, 0) == 0;
}

/* GO_ON: it was sent to no Service, or goes to a backend now. Else the verdict. */
int translate(struct __sk_buff *skb);
__noinline int translate(struct __sk_buff *skb) {
    struct sight *sight = sight_of_processor();
    if (sight == NULL) {
        return TC_ACT_SHOT;
    }
    struct packet *packet = &sight->packet;
    if (packet->protocol != PROTOCOL_TCP && packet->protocol != PROTOCOL_UDP) {
        return GO_ON;
    }
    const struct policy_address self = self_like(&packet->destination);
    if (same(&packet->destination, &self)) {
        return answer_self(skb, sight);
    }
    const bool is_tcp = packet->protocol == PROTOCOL_TCP;
    const bool opens = opens_tcp(packet);
    struct policy_connection_key key;
    find_service_key(&key, sight, &packet->destination, packet->destination_port, packet->source_port);
    struct policy_connection *known = bpf_map_lookup_elem(&connections, &key);
    if (known != NULL && is_over(known, packet->protocol, sight->now)) {
        known = NULL;
    }
    bool is_new = true;
    if (known != NULL && is_tcp && !opens) {
        is_new = false; /* whatever became of the Service */
    } else {
        const struct policy_frontend_key front = {
            .address = packet->destination, .port = packet->destination_port, .protocol = packet->protocol};
        struct policy_frontend frontend;
        if (!find_frontend(&front, &frontend) || (known == NULL && !opens && is_answer(sight))) {
            return GO_ON;
        }
        if (is_tcp && !opens) {
            count(POLICY_LATE);
            return TC_ACT_SHOT;
        }
        const __u32 state =
            known == NULL ? 0 : state_of(frontend.id, &known->other, known->other_port);
        if (state == POLICY_READY || (state == POLICY_DRAINING && !is_tcp)) {
            known->frontend = frontend.id;
            is_new = false;
        } else if (frontend.count == 0) {
            tell(sight, false, POLICY_NO_BACKEND);
            count(POLICY_NO_BACKEND);
            return frontend.drops ? TC_ACT_SHOT : refuse(skb);
        } else if (!choose(sight, &front, &frontend)) {
            return drop(sight, POLICY_NO_BACKEND);
        } else if (!may_go(sight)) { /* before anything is kept of it */
            return drop(sight, POLICY_BY_RULES);
        }
        sight->frontend = frontend.id;
    }
    if (is_new) {
        const struct policy_connection connection = {.seen = sight->now,
                                                     .opened = POLICY_EGRESS,
                                                     .flags = POLICY_ALWAYS | POLICY_ANSWERED,
                                                     .other = sight->to,
                                                     .other_port = sight->to_port,
                                                     .frontend = sight->frontend};
        if (bpf_map_update_elem(&connections, &key, &connection, BPF_ANY) != 0) {
            return drop(sight, POLICY_NO_ROOM);
        }
    } else if (known != NULL) {
        note(known, packet, POLICY_EGRESS, sight->now);
        sight->to = known->other;
        sight->to_port = known->other_port;
    }
    if (same(&sight->to, &packet->source)) {
        return go_to_self(skb, sight, is_new || !is_tcp);
    }
    sight->service = packet->destination;
    sight->service_port = packet->destination_port;
    sight->is_translated = 1;
    if (!rewrite(skb, false) || !meet_neighbour(skb, sight)) {
        return drop(sight, POLICY_NOT_WRITABLE);
    }
    return GO_ON;
}
