/* NetworkPolicy on a pod's device: what it sends and what is sent to it. See README.md. */
#include "service.h"

/* Ports of later fragments are those of the first one. */
static __always_inline bool know_fragment(struct sight *sight) {
    struct packet *packet = &sight->packet;
    struct policy_fragment_key key = {.endpoint = sight->serial,
                                      .id = packet->fragment,
                                      .remote = sight->direction == POLICY_EGRESS ? packet->destination
                                                                                  : packet->source,
                                      .protocol = packet->protocol,
                                      .direction = sight->direction};
    if (packet->is_first) {
        const struct policy_fragment ports_of = {packet->source_port, packet->destination_port};
        return bpf_map_update_elem(&fragments, &key, &ports_of, BPF_ANY) == 0;
    }
    const struct policy_fragment *found = bpf_map_lookup_elem(&fragments, &key);
    if (found == NULL) {
        return false;
    }
    packet->source_port = found->source_port;
    packet->destination_port = found->destination_port;
    return true;
}

/* Asks again if rules have changed since; true if it may go on. */
static __always_inline bool is_allowed_still(struct policy_connection *connection, const struct sight *sight) {
    const __u32 asked = rules_of(sight->rules, connection->opened);
    if ((connection->epoch != sight->epoch || connection->rules != asked) && !sight->keeps &&
        (connection->flags & POLICY_ALWAYS) == 0) {
        if (may_open(sight, connection->opened)) {
            connection->flags &= (__u8)~POLICY_CUT;
        } else {
            connection->flags |= POLICY_CUT;
            connection->cut = sight->now;
        }
        connection->epoch = sight->epoch;
        connection->rules = asked;
    }
    return (connection->flags & POLICY_CUT) == 0;
}

/* An error belongs to the connection of the packet it is about, which went the other way: to or from
   this pod, and from or to whom the error is sent. */
static __noinline bool is_related(struct __sk_buff *skb, struct sight *sight) {
    struct packet inner = {};
    if (sight == NULL || !read_inner(skb, &sight->packet, &inner) ||
        !same(&sight->packet.destination, &inner.source) ||
        (sight->direction == POLICY_EGRESS && !same(&inner.destination, &sight->own))) {
        return false;
    }
    find_key(&sight->key, &inner, sight->serial, !sight->direction);
    struct policy_connection *found = bpf_map_lookup_elem(&connections, &sight->key);
    if (found == NULL || is_over(found, inner.protocol, sight->now) || !is_allowed_still(found, sight)) {
        return false;
    }
    return !is_from_backend(found, sight->direction) || rewrite_inner(skb, sight, &inner, found);
}

/* What nobody's rules are asked for. */
static __always_inline bool is_exempt(const struct __sk_buff *skb, const struct sight *sight) {
    const struct policy_settings *node = settings_of_node();
    if (node == NULL) {
        return false;
    }
    const struct policy_address *remote = &sight->key.remote;
    const bool is_node = is_set(remote) && (same(remote, &node->node_v4) || same(remote, &node->node_v6));
    if (sight->direction == POLICY_EGRESS) {
        return (is_set(remote) && same(remote, &sight->own)) || (is_node && node->pod_to_node != 0);
    }
    if (sight->is_inside) {
        return is_node && !sight->has_side;
    }
    return skb->sk != NULL; /* a forwarded packet has lost its socket */
}

/* A packet of no connection that is known, or that opens another one. */
static __noinline int open(const struct __sk_buff *skb, const struct sight *sight) {
    if (sight == NULL) {
        return TC_ACT_SHOT;
    }
    const struct packet *packet = &sight->packet;
    __u32 opened = sight->direction;
    const bool is_exempted = is_exempt(skb, sight);
    const bool is_late = packet->is_answer || (packet->protocol == PROTOCOL_TCP && !opens_tcp(packet));
    if (is_late) {
        const bool is_open = sight->rules == ((__u64)POLICY_OPEN << 32 | POLICY_OPEN);
        if (!is_open && sight->now >= sight->learns_until) {
            count(POLICY_LATE);
            return TC_ACT_SHOT;
        }
        /* Who opened it is not known. An answer says it. */
        if (!is_exempted && (packet->is_answer || !may_open(sight, opened))) {
            opened = !opened;
            if (!may_open(sight, opened)) {
                return drop(sight, POLICY_BY_RULES);
            }
        }
        if ((packet->tcp_flags & (FLAG_FIN | FLAG_RST)) != 0) {
            return TC_ACT_UNSPEC; /* it is over */
        }
    } else if (!is_exempted && !sight->is_approved && !may_open(sight, opened)) {
        return drop(sight, POLICY_BY_RULES);
    }
    if (packet->is_error) {
        return TC_ACT_UNSPEC;
    }
    struct policy_connection connection = {
        .seen = sight->now, .epoch = sight->epoch, .rules = rules_of(sight->rules, opened), .opened = opened,
        .flags = is_exempted ? POLICY_ALWAYS : 0};
    if (is_late) {
        connection.flags |= POLICY_ANSWERED;
    }
    if (sight->is_translated) {
        connection.flags |= POLICY_TRANSLATED;
        connection.other = sight->service;
        connection.other_port = sight->service_port;
    }
    if (bpf_map_update_elem(&connections, &sight->key, &connection, BPF_ANY) != 0) {
        return drop(sight, POLICY_NO_ROOM);
    }
    tell(sight, true, 0);
    return TC_ACT_UNSPEC;
}

int judge(struct __sk_buff *skb);
__noinline int judge(struct __sk_buff *skb) {
    struct sight *sight = sight_of_processor();
    if (sight == NULL) {
        return TC_ACT_SHOT;
    }
    struct packet *packet = &sight->packet;
    if ((packet->is_first || packet->is_later) && !know_fragment(sight)) {
        return drop(sight, POLICY_LOST_FRAGMENT);
    }
    if (sight->has_services && sight->direction == POLICY_EGRESS) {
        const int answer = translate(skb);
        if (answer != GO_ON) {
            return answer;
        }
    }
    if (packet->is_error && is_related(skb, sight)) {
        return TC_ACT_UNSPEC;
    }
    find_key(&sight->key, packet, sight->serial, sight->direction);
    struct policy_connection *found = bpf_map_lookup_elem(&connections, &sight->key);
    if (found == NULL || is_over(found, packet->protocol, sight->now)) {
        return open(skb, sight);
    }
    const bool opens = opens_tcp(packet);
    const bool is_opener = found->opened == sight->direction;
    if (opens && (!is_opener || is_closing(found))) {
        return open(skb, sight);
    }
    if (is_allowed_still(found, sight)) {
        note(found, packet, sight->direction, sight->now);
        if (is_from_backend(found, sight->direction)) {
            return restore(skb, sight, found);
        }
        if (sight->is_translated && (opens || packet->protocol == PROTOCOL_UDP)) {
            found->other = sight->service;
            found->other_port = sight->service_port;
            found->flags |= POLICY_TRANSLATED;
        }
        return TC_ACT_UNSPEC;
    }
    /* It was cut. Another connection of the same name may begin, but not with an answer to it. */
    if (packet->protocol == PROTOCOL_TCP ? opens
                                         : is_opener || age(found->cut, sight->now) >= LATE_TIME) {
        return open(skb, sight);
    }
    return drop(sight, POLICY_BY_RULES);
}

static __always_inline int handle(struct __sk_buff *skb, __u32 direction) {
    struct sight *sight = sight_of_processor();
    const struct policy_settings *node = settings_of_node();
    const __u32 index = skb->tc_classid & POLICY_INDEX;
    const struct policy_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &index);
    if (sight == NULL || node == NULL || endpoint == NULL || (endpoint->flags & POLICY_IN_USE) == 0) {
        count(POLICY_NO_ENDPOINT);
        return TC_ACT_SHOT;
    }
    __builtin_memset(sight, 0, sizeof *sight);
    sight->index = index;
    sight->direction = direction;
    sight->is_inside = (skb->tc_classid & POLICY_INSIDE) != 0;
    sight->has_side = (endpoint->flags & POLICY_HAS_SIDE) != 0;
    sight->keeps = node->keeps != 0;
    sight->has_services = node->has_services != 0;
    sight->serial = endpoint->serial;
    sight->learns_until = endpoint->learns_until;
    sight->epoch = *(const volatile __u32 *)&endpoint->epoch;
    sight->rules = *(const volatile __u64 *)&endpoint->rules;
    sight->now = bpf_ktime_get_ns();

    struct packet *packet = &sight->packet;
    bool is_read;
    if (skb->protocol == bpf_htons(ETH_P_IP)) {
        sight->own = endpoint->v4;
        is_read = read_v4(skb, ETH_HLEN, packet);
    } else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
        sight->own = endpoint->v6;
        is_read = read_v6(skb, ETH_HLEN, packet);
    } else if (skb->protocol == bpf_htons(ETH_P_ARP)) {
        return TC_ACT_UNSPEC;
    } else {
        count(POLICY_NOT_IP);
        return TC_ACT_SHOT;
    }
    if (!is_read || (!packet->is_later && !read_transport(skb, packet))) {
        return drop(sight, POLICY_MALFORMED);
    }
    if (packet->is_discovery) {
        return TC_ACT_UNSPEC;
    }
    if (direction == POLICY_INGRESS && skb->mark == POLICY_SENT_BACK) {
        skb->mark = 0;
        return TC_ACT_UNSPEC;
    }
    return judge(skb);
}

SEC("tc")
int from_pod(struct __sk_buff *skb) {
    return handle(skb, POLICY_EGRESS);
}

SEC("tc")
int to_pod(struct __sk_buff *skb) {
    return handle(skb, POLICY_INGRESS);
}

char LICENSE[] SEC("license") = "Apache-2.0";
