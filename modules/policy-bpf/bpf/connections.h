/* Connections that are known. An endpoint has its own entry, also where both ends are on this node. */
#pragma once

#include "packet.h"

/* How long answers to a connection that was cut are expected, and not taken for another connection. */
#define LATE_TIME (5 * POLICY_SECOND)

/* Another processor may have written a later time. */
static __always_inline __u64 age(__u64 then, __u64 now) {
    const __s64 passed = (__s64)(now - then);
    return passed > 0 ? (__u64)passed : 0;
}

/* As if it were not there. "seen" is up to a second late. */
static __always_inline bool is_over(const struct policy_connection *connection, __u32 protocol, __u64 now) {
    return age(connection->seen, now) >= policy_time_of(connection, protocol) + POLICY_SECOND;
}

static __always_inline bool is_closing(const struct policy_connection *connection) {
    return (connection->flags & (POLICY_RESET | POLICY_LOCAL_DONE | POLICY_REMOTE_DONE)) != 0;
}

/* A packet of it passed. Written only if it says anything new, for other processors read it. */
static __always_inline void note(struct policy_connection *connection, const struct packet *packet,
                                 __u32 direction, __u64 now) {
    __u8 flags = connection->flags;
    if (direction != connection->opened) {
        flags |= POLICY_ANSWERED;
    }
    if ((packet->tcp_flags & FLAG_FIN) != 0) {
        flags |= direction == POLICY_EGRESS ? POLICY_LOCAL_DONE : POLICY_REMOTE_DONE;
    }
    if ((packet->tcp_flags & FLAG_RST) != 0) {
        flags |= POLICY_RESET;
    } else {
        flags &= (__u8)~POLICY_RESET; /* it was not for them, who go on */
    }
    if (flags != connection->flags) {
        connection->flags = flags;
    }
    if (age(connection->seen, now) >= POLICY_SECOND) {
        connection->seen = now;
    }
}
