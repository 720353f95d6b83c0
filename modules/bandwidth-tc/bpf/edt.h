/* What the program of mode "edt" and who loads it have in common. C and C++. */
#pragma once

#include <linux/types.h>

/* Changes with the meaning of anything below and with what the program does: a program of another
   version is replaced. */
#define EDT_VERSION 1
#define EDT_SECOND 1000000000ULL /* nanoseconds */

/* Told the program before it is loaded. */
struct edt_limits {
    __u64 rate;  /* bytes a second */
    __u64 burst; /* nanoseconds that may be made up for */
    __u64 queue; /* nanoseconds a packet may wait */
    __u32 version;
    __u32 tells_clock; /* the kernel has bpf_skb_set_tstamp */
};

/* All but the lock of what the program remembers. */
struct edt_state {
    __u64 departure; /* of the last packet, by CLOCK_MONOTONIC */
    __u64 rest;      /* what dividing by the rate left of it; below the rate */
    __u64 bytes;
    __u64 packets;
    __u64 drops;
};

/* The one element of the map "lane". */
struct edt_lane {
    __u32 lock; /* a bpf_spin_lock, which reads as 0 */
    __u32 unused;
    struct edt_state state;
};
