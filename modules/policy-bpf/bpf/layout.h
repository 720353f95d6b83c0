/* What the programs and who loads them have in common: every map's keys and values. C and C++.
 *
 * Addresses have 16 bytes; a v4 address is mapped (::ffff:10.0.0.1). Ports are in host byte order, if
 * nothing else is said. Identifiers are never used twice. */
#pragma once

#include <linux/types.h>

/* Changes with the meaning of anything below: maps of another layout are not touched. */
#define POLICY_LAYOUT 1

#define POLICY_ENDPOINTS 4096u /* elements of the map; the first is never used */
/* A filter tells its program which endpoint it stands for, and on which side of the pod's link it is:
   the class of its packets, of which a program sees the lower half. */
#define POLICY_CLASS 0x54500000u
#define POLICY_INSIDE 0x8000u /* the pod */
#define POLICY_INDEX 0x0fffu

enum { POLICY_INGRESS = 0, POLICY_EGRESS = 1 };

/* Rules that have no entry of their own. */
enum { POLICY_CLOSED = 0, POLICY_OPEN = 1, POLICY_FIRST_ID = 2 };

struct policy_address {
    __u64 high;
    __u64 low; /* both as they are in memory */
};

enum {
    POLICY_IN_USE = 1,
    POLICY_HAS_SIDE = 2 /* what it exchanges with its node goes by another link */
};

#define POLICY_MAC 6u

/* What is in force for an endpoint. Of the map "endpoints", which is shared memory. */
struct policy_endpoint {
    __u64 rules;         /* of both directions, in one store: ingress in the upper half */
    __u32 serial;        /* in the keys of its connections */
    __u32 epoch;         /* grows when anything may be forbidden that was allowed */
    __u64 learns_until;  /* CLOCK_MONOTONIC: till then connections of before are made known */
    __u32 flags;
    __u32 reserved;
    struct policy_address v4; /* its own; zero if it has none */
    struct policy_address v6;
    __u8 key[16]; /* digest of the container interface */
};

/* Map "neighbours": pods that are slaves of an ENI, by their address. They meet without leaving it. */
struct policy_neighbour {
    __u8 mac[POLICY_MAC]; /* the ENI's */
    __u16 reserved;
};

/* The one element of the map "settings", which is shared memory. */
struct policy_settings {
    __u32 listeners;        /* of verdicts */
    __u32 pod_to_node;      /* 1: what pods open to their node is always allowed */
    __u32 keeps;            /* 1: open connections are not asked about again */
    __u32 next_index;       /* of the element of "endpoints" that is tried first */
    __u32 has_services;     /* 1: what pods send to Services is translated here */
    __u32 reserved;
    __u64 netns;            /* cookie of the namespace whose endpoints these are */
    __u64 next_id;          /* that was never used */
    struct policy_address node_v4;
    struct policy_address node_v6;
};

#define POLICY_TIERS 3u
enum { POLICY_ALLOW = 1, POLICY_DENY = 2, POLICY_PASS = 3 };

/* Map "rules": what holds for one direction. Key: its id. */
struct policy_rules {
    __u32 tiers;
    __u8 otherwise[POLICY_TIERS]; /* of a tier in which nothing decides */
    __u8 reserved;
};

/* Map "ports", a trie: which list a port of a tier is asked in. Value: its id. */
struct policy_port {
    __u32 prefix_length; /* bits of what follows */
    __u32 rules;
    __u8 tier;
    __u8 protocol; /* 0: of those without ports */
    __u16 port;    /* network byte order */
};
#define POLICY_PORT_BITS 48u /* and those of the port */

enum { POLICY_ANYBODY = 1, POLICY_PODS = 2, POLICY_BLOCKS = 3, POLICY_NAMED = 4 };

/* Whether the far end is in a set, and what that means. */
struct policy_question {
    __u32 set;
    __u8 kind; /* POLICY_ANYBODY ... */
    __u8 action;
    __u16 reserved;
};

#define POLICY_QUESTIONS 15u /* in an element */
#define POLICY_ELEMENTS 64u  /* that follow one another at most */

/* Map "lists": the first question that is answered with yes decides. Key: its id. */
struct policy_list {
    __u32 count;
    __u32 next; /* 0: that is all */
    struct policy_question questions[POLICY_QUESTIONS];
};

/* Map "members": of sets of pods, and of named ports. */
struct policy_member {
    __u32 set;
    __u16 port; /* 0 in sets of pods */
    __u16 reserved;
    struct policy_address address;
};

/* Map "blocks", a trie: prefixes. */
struct policy_block {
    __u32 prefix_length; /* bits of what follows */
    __u32 set;
    struct policy_address address;
};
#define POLICY_BLOCK_BITS 32u /* and those of the address */

/* Map "connections". */
struct policy_connection_key {
    __u32 endpoint; /* its serial */
    __u16 local_port;
    __u16 remote_port;
    struct policy_address remote;
    __u32 protocol;
    __u32 kind; /* POLICY_FLOW ... */
};
enum {
    POLICY_FLOW = 0,
    POLICY_SENT_TO_SERVICE = 1, /* has a flow by its backend beside it */
    POLICY_SENT_TO_SELF = 2     /* by a Service, known by the address the pod sees then; lets nothing pass */
};

enum {
    POLICY_ANSWERED = 1,    /* packets went both ways */
    POLICY_CUT = 2,         /* rules forbid it now */
    POLICY_ALWAYS = 4,      /* allowed whatever the rules */
    POLICY_TRANSLATED = 64, /* the far end is known to the pod as `other` */
    POLICY_LOCAL_DONE = 8,  /* TCP: that end sent its FIN */
    POLICY_REMOTE_DONE = 16,
    POLICY_RESET = 32
};

struct policy_connection {
    __u64 seen;  /* CLOCK_MONOTONIC: of a packet, and of none that is a second younger */
    __u64 cut;   /* when it was */
    __u32 epoch; /* of the endpoint when the rules were asked last */
    __u32 rules; /* that were asked */
    __u8 opened; /* POLICY_INGRESS, POLICY_EGRESS: by whom */
    __u8 flags;
    __u16 other_port;
    __u32 frontend; /* of a Service's: the identifier of the frontend when it was looked up last */
    struct policy_address other; /* of a Service's: its backend. Else, if translated: the Service */
};

/* How long after its last packet a connection is known, in nanoseconds. RFC 5382, RFC 4787 and RFC
   5508 ask for two hours and four minutes, two minutes, and a minute, at least. */
#define POLICY_SECOND 1000000000ULL
#define POLICY_OPEN_TIME (8000 * POLICY_SECOND)
#define POLICY_OPENING_TIME (60 * POLICY_SECOND)
#define POLICY_CLOSING_TIME (10 * POLICY_SECOND)
#define POLICY_ANSWERED_TIME (180 * POLICY_SECOND)
#define POLICY_ASKED_TIME (60 * POLICY_SECOND)
#define POLICY_RESET_TIME (120 * POLICY_SECOND) /* nobody looks whether the reset was in order */
#define POLICY_TCP 6u

static inline __u64 policy_time_of(const struct policy_connection *connection, __u32 protocol) {
    const __u32 done = POLICY_LOCAL_DONE | POLICY_REMOTE_DONE;
    if (protocol == POLICY_TCP) {
        if ((connection->flags & done) == done) {
            return POLICY_CLOSING_TIME;
        }
        if ((connection->flags & POLICY_RESET) != 0) {
            return POLICY_RESET_TIME;
        }
        return (connection->flags & POLICY_ANSWERED) != 0 ? POLICY_OPEN_TIME : POLICY_OPENING_TIME;
    }
    return (connection->flags & POLICY_ANSWERED) != 0 ? POLICY_ANSWERED_TIME : POLICY_ASKED_TIME;
}

/* Map "frontends": what pods connect to. */
struct policy_frontend_key {
    struct policy_address address;
    __u16 port;
    __u8 protocol;
    __u8 reserved;
    __u32 reserved2; /* keys have no holes: all their bytes count */
};
struct policy_frontend {
    __u32 id; /* another one whenever anything about it changes */
    __u32 count; /* of backends that are ready */
    __u32 affinity; /* seconds; 0: none */
    __u32 drops; /* 1: what finds no backend is dropped without an answer */
};

/* Map "backends": those that are ready. */
struct policy_backend_key {
    __u32 frontend;
    __u32 number; /* 0 to count - 1 */
};
struct policy_backend {
    struct policy_address address;
    __u16 port;
    __u16 reserved;
    __u32 reserved2;
};

/* Map "targets": all backends of a frontend, by address. Value: TWY_BACKEND_READY or _DRAINING. */
struct policy_target_key {
    __u32 frontend;
    __u16 port;
    __u16 reserved;
    struct policy_address address;
};
enum { POLICY_READY = 1, POLICY_DRAINING = 2 };

/* Map "affinities": where a client goes again. */
struct policy_affinity_key {
    struct policy_frontend_key frontend;
    __u32 endpoint; /* its serial */
    __u32 reserved;
};
struct policy_affinity {
    __u64 used; /* CLOCK_MONOTONIC */
    struct policy_backend backend;
};

/* Who a pod is told to be that reaches itself through a Service: its own address would never leave
   it. Of the link-local range, and a unique local address made of the name. */
#define POLICY_SELF_V4 0x012afea9u /* 169.254.42.1, as it is in memory */
#define POLICY_SELF_V6_HIGH 0x7965727765747afdULL /* fd7a:7465:7277:6579::1 */
#define POLICY_SELF_V6_LOW 0x0100000000000000ULL

/* The mark of a packet that a program sends back to the pod it came from. Packets that come from another
   network namespace have lost theirs. */
#define POLICY_SENT_BACK 0x54525759u

/* Map "fragments": the ports of a datagram, told by its first fragment. */
struct policy_fragment_key {
    __u32 endpoint;
    __u32 id;
    struct policy_address remote;
    __u32 protocol;
    __u32 direction;
};
struct policy_fragment {
    __u16 source_port;
    __u16 destination_port;
};

/* Map "counters", one for each processor and endpoint. */
struct policy_counter {
    __u64 allowed[2]; /* connections opened, by direction */
    __u64 denied[2];  /* packets */
};

/* Map "reasons": packets that were dropped, for each processor and reason. */
enum {
    POLICY_BY_RULES = 0,
    POLICY_NO_ENDPOINT,   /* the filter stands for nobody */
    POLICY_MALFORMED,     /* or with more headers than are looked at */
    POLICY_NOT_IP,
    POLICY_LATE,          /* TCP of a connection that is not known */
    POLICY_LOST_FRAGMENT, /* of a datagram whose first fragment was not seen */
    POLICY_NO_ROOM,       /* for another connection */
    POLICY_NO_BACKEND,    /* the Service has none that is ready */
    POLICY_NOT_WRITABLE,  /* could not be translated */
    POLICY_REASONS,       /* that many */
    POLICY_UNTOLD = POLICY_REASONS, /* no reason: verdicts there was no room for */
    POLICY_COUNTED
};

/* What the ring "verdicts" tells. */
struct policy_verdict {
    __u64 time; /* CLOCK_MONOTONIC */
    struct policy_address source;
    struct policy_address destination;
    __u32 endpoint; /* its serial */
    __u16 source_port;
    __u16 destination_port;
    __u8 direction; /* POLICY_INGRESS ... */
    __u8 allowed;
    __u8 protocol;
    __u8 reason; /* of a denial */
    __u32 reserved;
};
