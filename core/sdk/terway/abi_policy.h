/* terway/abi_policy.h -- the part of the contract that is about policy; included by abi.h.
 *
 * Rules are told in terms of addresses and ports, without names and labels, and in differences. What
 * a set or a rule set says is shared by all that name it. */
#pragma once

#ifndef TWY_MAGIC
#error "include terway/abi.h"
#endif

/* A name made of content: equal on all nodes and in all runs. */
typedef struct twy_id {
    uint64_t high;
    uint64_t low;
} twy_id;

enum {
    TWY_SET_PODS = 1,   /* addresses of pods; changes often */
    TWY_SET_BLOCKS = 2, /* ranges of addresses, sorted, disjoint and not adjacent; never changes */
    TWY_SET_NAMED = 3   /* pairs of address and destination port; changes often */
};

/* family is 4 or 6; a v4 address uses the first four bytes, network byte order. first and last are
 * the same but in TWY_SET_BLOCKS, port is 0 but in TWY_SET_NAMED. */
typedef struct twy_member {
    uint8_t family;
    uint8_t reserved;
    uint16_t port;
    uint8_t first[16];
    uint8_t last[16]; /* inclusive */
} twy_member;

typedef struct twy_set_change {
    uint32_t size;
    uint8_t kind;     /* TWY_SET_PODS ... */
    uint8_t protocol; /* of TWY_SET_NAMED, IANA's number */
    uint8_t is_new;   /* 1: nothing was told of the set before, and `removed` is empty */
    uint8_t reserved;
    twy_id id;
    const twy_member* added; /* none of them in the set */
    size_t added_count;
    const twy_member* removed; /* all of them in the set */
    size_t removed_count;
} twy_set_change;

enum {
    TWY_ALLOW = 1,
    TWY_DENY = 2,
    TWY_PASS = 3 /* the next tier decides; after the last one the connection is allowed */
};

/* The far end of a connection is anybody, or in any of the sets. */
typedef struct twy_match {
    uint32_t size;
    uint8_t action; /* TWY_ALLOW ... */
    uint8_t any;    /* 1: anybody, and `sets` is empty */
    uint8_t reserved[2];
    const twy_id* sets; /* of TWY_SET_PODS and TWY_SET_BLOCKS */
    size_t set_count;
} twy_match;

/* Destination ports of a protocol. The first match that has the far end decides; if none has, the
 * tier's `otherwise` does. */
typedef struct twy_port_class {
    uint32_t size;
    uint8_t protocol; /* IANA's number: TCP, UDP or SCTP */
    uint8_t reserved;
    uint16_t first;
    uint16_t last; /* inclusive */
    uint16_t reserved2;
    uint32_t reserved3;
    const twy_match* const* matches;
    size_t match_count;
} twy_port_class;

/* One round of questions. */
typedef struct twy_tier {
    uint32_t size;
    uint8_t otherwise; /* TWY_ALLOW ..., for what nothing in the tier decides */
    uint8_t reserved[3];
    const twy_id* named; /* asked first: a destination in one of these sets is allowed */
    size_t named_count;
    const twy_port_class* const* classes; /* sorted and disjoint: at most one has a given port */
    size_t class_count;
    const twy_match* const* others; /* for protocols that have no ports, such as ICMP */
    size_t other_count;
} twy_tier;

/* What holds for one direction of an endpoint. No tier: everything passes. Only the opening of a
 * connection is asked; answers, and errors that belong to it, pass with it. Whatever the rules, a
 * module lets pass: what the pod exchanges with itself, what its own node opens to it (told by
 * where it comes from, not by its address), and neighbour discovery. */
typedef struct twy_rule_set {
    uint32_t size;
    uint32_t reserved;
    twy_id id; /* the same rules have the same id */
    const twy_tier* const* tiers;
    size_t tier_count;
} twy_rule_set;

typedef struct twy_endpoint_key {
    twy_str container_id;
    twy_str ifname;
} twy_endpoint_key;

/* The rules of one endpoint, whole. */
typedef struct twy_endpoint_rules {
    uint32_t size;
    uint32_t reserved;
    twy_endpoint_key key;
    const twy_rule_set* ingress;
    const twy_rule_set* egress;
    const twy_str* policies; /* "namespace/name", or "name" of a cluster policy, of those
                              * that select the pod: for counters and texts */
    size_t policy_count;
} twy_endpoint_rules;

/* What is different since the last update that was applied. To be carried out in this order, so
 * that nothing is named that is not there: sets, endpoints, what is gone. */
typedef struct twy_policy_update {
    uint32_t size;
    uint32_t is_full; /* 1: all that holds. What was told before and is not in it holds no more */
    uint64_t revision; /* grows */
    const twy_set_change* const* sets;
    size_t set_count;
    const twy_endpoint_rules* const* endpoints;
    size_t endpoint_count;
    const twy_endpoint_key* gone_endpoints; /* have no rules any more: are denied everything */
    size_t gone_endpoint_count;
    const twy_id* gone_sets; /* no rule names them any more */
    size_t gone_set_count;
} twy_policy_update;

/* Of one direction; counters may begin anew when the daemon does. */
typedef struct twy_verdicts {
    uint64_t allowed; /* connections opened, or packets where the module knows no connections */
    uint64_t denied;  /* packets */
    uint64_t reserved[2];
} twy_verdicts;

typedef struct twy_policy_counters {
    uint32_t size;
    uint32_t reserved;
    twy_verdicts ingress;
    twy_verdicts egress;
} twy_policy_counters;

enum {
    TWY_INGRESS = 1,
    TWY_EGRESS = 2
};

/* What the rules of an endpoint said to a packet. */
typedef struct twy_policy_verdict {
    uint32_t size;
    uint8_t direction; /* of the endpoint: TWY_INGRESS ... */
    uint8_t verdict;   /* TWY_ALLOW: to the first packet of a connection; TWY_DENY: to any */
    uint8_t protocol;  /* IANA's number */
    uint8_t family;    /* 4 or 6; a v4 address uses the first four bytes, network byte order */
    uint64_t time_ns;  /* since the Unix epoch */
    twy_endpoint_key key;
    uint8_t source[16];
    uint8_t destination[16]; /* after translation by Services */
    uint16_t source_port;    /* 0 where the protocol has none, or the packet is a fragment */
    uint16_t destination_port;
    uint32_t reserved;
    uint64_t lost; /* verdicts before this one that could not be told; their key is not known */
} twy_policy_verdict;

/* Is told one verdict; or none (NULL), at least twice a second while there are none, so that whoever
 * listens can leave. 0: go on; else the trace ends. Runs on the thread of the call; may block. */
typedef int32_t (*twy_verdict_sink)(void* sink_arg, const twy_policy_verdict*);

/* The verbs of a policy module. */
typedef struct twy_policy {
    uint32_t size;
    uint32_t reserved;
    /* Deny the endpoint everything until an apply names it; one that has rules keeps them.
     * [request] */
    twy_status (*attach)(twy_instance*, twy_call*, const twy_endpoint*, const twy_attachment*,
                         twy_error* reterr);
    /* As twy_dataplane.detach; also forgets the endpoint's rules. Runs first of all detaches.
     * [request] */
    twy_status (*detach)(twy_instance*, twy_call*, const twy_endpoint*, twy_error* reterr);
    /* As twy_dataplane.check. [request] */
    twy_status (*check)(twy_instance*, twy_call*, const twy_endpoint*, const twy_attachment*,
                        twy_error* reterr);
    /* As twy_dataplane.adopt; rules that an earlier daemon put in the kernel stay in force until
     * the first apply. [request] */
    twy_status (*adopt)(twy_instance*, twy_call*, const twy_endpoint*, const twy_attachment*,
                        twy_error* reterr);
    /* Make the kernel agree; it does when this returns. Full is the first update (but for such as
     * let endpoints of this run pass everything and say nothing else) and the next after a failure,
     * whatever was carried out. Names only endpoints that are attached or adopted; ignores one that
     * was detached meanwhile. One that a full update does not name is denied everything. Never
     * concurrent with another apply, but with the other verbs of any endpoint: the lock around what
     * they share is the module's own. [request] */
    twy_status (*apply)(twy_instance*, twy_call*, const twy_policy_update*, twy_error* reterr);
    /* How the endpoint's rules do: read from the kernel, change nothing. [request] */
    twy_status (*observe)(twy_instance*, twy_call*, const twy_endpoint*, const twy_attachment*,
                          twy_policy_counters* ret, twy_error* reterr);
    /* Tell the sink what the rules say to packets from now on, of all endpoints, until the sink
     * wants no more or the call's deadline comes; both are success. Its first call says that the
     * module listens. Several may run at a time, beside all other verbs, and none of them slows
     * packets or other verbs down, however slow the sink is: rather verdicts are lost. May be NULL.
     * [request] */
    twy_status (*trace)(twy_instance*, twy_call*, twy_verdict_sink sink, void* sink_arg,
                        twy_error* reterr);
} twy_policy;
