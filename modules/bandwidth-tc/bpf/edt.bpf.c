/* Gives each packet that leaves by a link the time it may leave; the link's fq keeps it until then.
   All packets of the link share one rate. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#include "edt.h"

const volatile struct edt_limits limits = {.rate = 1};

/* struct edt_lane, as the kernel wants it. */
struct lane {
    struct bpf_spin_lock lock;
    struct edt_state state;
};
_Static_assert(sizeof(struct lane) == sizeof(struct edt_lane), "both are the same");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct lane);
} lanes SEC(".maps");

/* On a link that gives packets back to the receive path (ifb) the time must be known for one of
   departure, or it is taken for that of receipt. */
static __always_inline void leave_at(struct __sk_buff *skb, __u64 time) {
    if (limits.tells_clock != 0 &&
        bpf_skb_set_tstamp(skb, time, BPF_SKB_TSTAMP_DELIVERY_MONO) == 0) {
        return;
    }
    skb->tstamp = time; /* an old kernel, or neither IPv4 nor IPv6 */
}

/* Nothing overflows: 2^32 bytes are 2^62 ns, and the rate is below 2^62. */
SEC("tc")
int edt(struct __sk_buff *skb) {
    const __u32 key = 0;
    const __u32 bytes = skb->wire_len;
    const __u64 wish = skb->tstamp;
    const __u64 now = bpf_ktime_get_ns();
    const __u64 latest = now + limits.queue;
    const __u64 earliest = now > limits.burst ? now - limits.burst : 0;
    bool late;
    __u64 departure;
    struct lane *lane = bpf_map_lookup_elem(&lanes, &key);

    if (lane == NULL) {
        return TC_ACT_UNSPEC;
    }
    bpf_spin_lock(&lane->lock);
    departure = lane->state.departure;
    __u64 work = bytes * EDT_SECOND;
    if (departure < earliest) {
        departure = earliest;
    } else {
        work += lane->state.rest;
    }
    departure += work / limits.rate;
    late = departure > latest;
    if (late) {
        lane->state.drops += 1;
    } else {
        lane->state.departure = departure;
        lane->state.rest = work % limits.rate;
        lane->state.bytes += bytes;
        lane->state.packets += 1;
    }
    bpf_spin_unlock(&lane->lock);
    if (late) {
        return TC_ACT_SHOT;
    }

    /* TCP says when a packet should leave, and so may any socket. It keeps nobody else waiting, and
       is heard within what may wait. */
    if (wish > departure && wish <= latest) {
        departure = wish;
    }
    leave_at(skb, departure > now ? departure : now);
    return TC_ACT_UNSPEC; /* other filters may follow */
}

char LICENSE[] SEC("license") = "Apache-2.0";
