/* terway/abi.h -- the whole contract between terwayd and a module (with abi_policy.h and
 * abi_service.h, which it includes).
 *
 * Plain C11 (also C++17 and later); depends on <stddef.h> and <stdint.h> only. Three laws:
 *   1. A released member is never changed, moved or removed; new ones go at the end.
 *   2. Every struct that crosses starts with its size, set by whoever allocated it. A reader treats
 *      a member beyond `size` as absent (TWY_HAS).
 *   3. A breaking change is a new interface id ("terway.dataplane/2"), served beside the old one.
 * While TWY_ABI_MAJOR is 0 nothing is frozen yet and host and module must match exactly.
 *
 * Memory: nobody frees what the other side allocated. What is passed to a call is valid until that
 * call returns, unless a comment says otherwise. Outputs are untouched on failure.
 *
 * Threads: each function carries one tag.
 *   [serial]   never concurrent with another [serial] call on the same instance; any thread.
 *   [request]  a thread of its own in the host network namespace; may block until the call's
 *              deadline; never two at a time for one endpoint, but different endpoints do run at
 *              the same time. The thread must be in the host network namespace again on return.
 *   [any]      any thread, at any time.
 *
 * Ownership of state: the daemon owns durability, the module owns the kernel. A module keeps no
 * files; what it must remember about an endpoint it hands to put_state and gets back in
 * twy_endpoint.state. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TWY_MAGIC 0x59575254u /* "TRWY" */
#define TWY_ABI_MAJOR 0
#define TWY_ABI_MINOR 8

/* Interface ids, for twy_module.interface. */
#define TWY_DATAPLANE "terway.dataplane/1"
#define TWY_POLICY "terway.policy/1"
#define TWY_QOS "terway.qos/1"
#define TWY_ENI "terway.eni/1"
#define TWY_SERVICE "terway.service/1"

/* Owner name and type of the ELF note that carries a module's identity (see docs/module-abi.md). */
#define TWY_NOTE_SECTION ".note.terway"
#define TWY_NOTE_OWNER "Terway"
#define TWY_NOTE_TYPE 1

/* Link group the host stamps on a retired link; a dataplane's filters may drop by it. */
#define TWY_RETIRED_LINK_GROUP 0x54575259u

/* True if the struct's allocator knew the member. GCC and Clang only (__typeof__). */
#define TWY_HAS(ptr, member) \
    ((ptr)->size >= offsetof(__typeof__(*(ptr)), member) + sizeof((ptr)->member))

typedef int32_t twy_status;
enum {
    TWY_OK = 0,
    TWY_INVALID = 1,     /* the request or the configuration is wrong; retrying cannot help */
    TWY_RETRY = 2,       /* passing; the runtime may try the same thing again */
    TWY_UNSUPPORTED = 3, /* this kernel, this NIC or this module cannot do it */
    TWY_GONE = 4,        /* what the call was about no longer exists */
    TWY_INTERNAL = 5     /* anything else, a defect of the module included */
};

/* UTF-8, not NUL terminated; data may be NULL when size is 0. */
typedef struct twy_str {
    const char* data;
    size_t size;
} twy_str;

/* An address with its prefix length. family is 4 or 6; a v4 address uses the first four bytes,
 * network byte order. */
typedef struct twy_prefix {
    uint8_t family;
    uint8_t length;
    uint8_t reserved[2];
    uint8_t bytes[16];
} twy_prefix;

/* Caller allocates, callee fills on failure only. */
typedef struct twy_error {
    uint32_t size;
    int32_t sys_errno; /* 0 if no system call is to blame */
    char message[504]; /* NUL terminated, one line: the object and the reason, no trailing period */
} twy_error;

typedef struct twy_instance twy_instance; /* the module's own; opaque to the daemon */
typedef struct twy_table twy_table;       /* the daemon's view of one TOML table or array */
typedef struct twy_call twy_call;         /* the daemon's handle for the operation in progress */

/* What the annotation k8s.aliyun.com/network-priority asks for. */
enum {
    TWY_PRIORITY_NONE = 0,
    TWY_PRIORITY_GUARANTEED = 1,
    TWY_PRIORITY_BURSTABLE = 2,
    TWY_PRIORITY_BEST_EFFORT = 3
};

/* One container interface: the key (container_id, ifname) and what is wanted for it. */
typedef struct twy_endpoint {
    uint32_t size;
    int32_t netns_fd; /* the sandbox; -1 when it is gone or out of reach (DEL, GC, after restart) */
    twy_str container_id;
    twy_str ifname;
    twy_str host_ifname; /* name for the host's end, derived from the key; a dataplane with a host
                            side must use it, so that others (an external Felix) find it */
    twy_str pod_namespace; /* the three may be empty outside Kubernetes and on DEL */
    twy_str pod_name;
    twy_str pod_uid;
    const twy_prefix* addresses; /* at most one a family; host prefixes (/32, /128) */
    size_t address_count;        /* 0 only on detach of an endpoint nobody remembers */
    const twy_prefix* gateways;  /* the VPC's; none in VPC route mode */
    size_t gateway_count;
    uint32_t eni_ifindex; /* the ENI that carries the addresses; 0 in VPC route mode. A hint where
                             ENIs move: eni_mac is the ENI's name for life */
    uint32_t mtu;         /* bytes; 0: the module's own default */
    uint64_t ingress_bps; /* bits per second towards the pod; 0 means unlimited */
    uint64_t egress_bps;  /* bits per second from the pod; 0 means unlimited */
    twy_str state; /* what this module last gave to put_state for this endpoint; may be empty */
    uint8_t eni_mac[6]; /* of the ENI; zero in VPC route mode */
    uint8_t reserved[2];
    twy_str eni_id;            /* the cloud's, "eni-bp1..."; empty in VPC route mode */
    const twy_prefix* subnets; /* of the ENI's vSwitch, at most one a family; none likewise */
    size_t subnet_count;
    uint64_t ingress_burst; /* bits that may come at once; 0: the module's own choice */
    uint64_t egress_burst;
    uint32_t priority; /* of what the pod sends, against other pods of the ENI: TWY_PRIORITY_... */
    uint32_t reserved2;
} twy_endpoint;

/* What a dataplane made; the later links of the chain hang on to it. */
typedef struct twy_attachment {
    uint32_t size;
    uint32_t host_ifindex; /* 0 when the host has no side of its own (ipvlan, exclusive ENI) */
    uint32_t pod_ifindex;  /* in the sandbox; carries the pod's traffic but for side_ifindex's */
    uint32_t mtu;          /* of the pod's link, bytes */
    uint8_t pod_mac[6];
    uint8_t host_mac[6];
    char host_ifname[16]; /* NUL terminated; empty when host_ifindex is 0 */
    uint32_t gateway_count; /* the pod's next hops, at most one a family, for the CNI result */
    uint32_t side_ifindex;  /* another link in the sandbox that carries what the pod exchanges with
                               the node itself (an exclusive ENI's "veth1"); 0: there is none.
                               Policy covers both, a limit on ingress or egress counts both */
    twy_prefix gateways[2];
} twy_attachment;

/* What is true of the whole node. */
typedef struct twy_node {
    uint32_t size;
    uint32_t reserved;
    const twy_prefix* pod_cidrs; /* the node's own ranges; none when addresses come from ENIs */
    size_t pod_cidr_count;
    const twy_prefix* addresses; /* the node's own, at most one a family; host prefixes */
    size_t address_count;
} twy_node;

/* A NIC of the VPC that carries pods' addresses. */
typedef struct twy_eni {
    uint32_t size;
    uint32_t ifindex; /* 0 once the NIC has vanished from the node (forget only) */
    uint8_t mac[6];
    uint8_t reserved[2];
    twy_str id;                 /* the cloud's, "eni-bp1..."; for texts */
    const twy_prefix* subnets;  /* of its vSwitch, at most one a family */
    size_t subnet_count;
    const twy_prefix* gateways; /* the VPC's in those subnets, host prefixes */
    size_t gateway_count;
    const twy_prefix* others; /* addresses of it that endpoints of other dataplanes have, host
                                 prefixes; the host routes to them. Who resolves neighbours on the
                                 ENI itself finds nobody there unless the dataplane answers */
    size_t other_count;
} twy_eni;

/* The verbs of a dataplane. Each is idempotent for its endpoint; detach works from the key alone,
 * also on half-made things and on things already gone. */
typedef struct twy_dataplane {
    uint32_t size;
    uint32_t reserved;
    /* Build everything, but let no packet through yet: the pod's link stays down. Leftovers of the
     * same key are replaced. [request] */
    twy_status (*attach)(twy_instance*, twy_call*, const twy_endpoint*, twy_attachment* ret,
                         twy_error* reterr);
    /* Let traffic through; called once QoS and policy are in place. [request] */
    twy_status (*activate)(twy_instance*, twy_call*, const twy_endpoint*, const twy_attachment*,
                           twy_error* reterr);
    /* Undo attach. Succeeds when nothing is left to undo. A link may be handed to
     * twy_host.retire_link once it can carry no packet any more. [request] */
    twy_status (*detach)(twy_instance*, twy_call*, const twy_endpoint*, twy_error* reterr);
    /* Compare the kernel with what attach and activate made; repair nothing. The first discrepancy
     * is the error. [request] */
    twy_status (*check)(twy_instance*, twy_call*, const twy_endpoint*, twy_error* reterr);
    /* Take over an active endpoint after a restart of the daemon, repairing what is missing;
     * TWY_GONE if it no longer exists. netns_fd may be -1. Running traffic is not disturbed.
     * [request] */
    twy_status (*adopt)(twy_instance*, twy_call*, const twy_endpoint*, twy_attachment* ret,
                        twy_error* reterr);
} twy_dataplane;

/* What a dataplane does to an ENI itself. Optional: one without it serves only addresses of the
 * node's own ranges. Never two calls at a time for one ENI, but beside verbs of any endpoint. */
typedef struct twy_eni_verbs {
    uint32_t size;
    uint32_t reserved;
    /* Make the NIC ready to carry pods' traffic, repairing what is missing. Idempotent; called
     * before the first of its addresses is given out, after a restart of the daemon, when
     * something was removed behind its back, and whenever `others` has changed. Running traffic is
     * not disturbed. [request] */
    twy_status (*prepare)(twy_instance*, twy_call*, const twy_eni*, twy_error* reterr);
    /* Compare the kernel with what prepare made; repair nothing. The first discrepancy is the
     * error. [request] */
    twy_status (*check)(twy_instance*, twy_call*, const twy_eni*, twy_error* reterr);
    /* Undo prepare, when no endpoint uses the ENI any more: before it is detached from the
     * instance, or after it vanished. Succeeds when nothing is left to undo. [request] */
    twy_status (*forget)(twy_instance*, twy_call*, const twy_eni*, twy_error* reterr);
} twy_eni_verbs;

/* How the limit of one direction does. Counters begin anew whenever the limit is put in place. */
typedef struct twy_limit {
    uint64_t rate_bps; /* in force; 0: unlimited, and all else is 0, too */
    uint64_t bytes;    /* that passed */
    uint64_t packets;
    uint64_t drops;   /* packets */
    uint64_t backlog; /* bytes that wait */
    uint64_t reserved[2];
    char mode[16]; /* how it is done, "htb"; NUL terminated */
} twy_limit;

typedef struct twy_limits {
    uint32_t size;
    uint32_t reserved;
    twy_limit ingress;
    twy_limit egress;
} twy_limits;

/* The verbs of a QoS module; rates come in twy_endpoint. */
typedef struct twy_qos {
    uint32_t size;
    uint32_t reserved;
    /* Put the endpoint's limits in place; also called on a running endpoint whose limits changed. [request] */
    twy_status (*attach)(twy_instance*, twy_call*, const twy_endpoint*, const twy_attachment*,
                         twy_error* reterr);
    /* As twy_dataplane.detach. Runs before the dataplane's. [request] */
    twy_status (*detach)(twy_instance*, twy_call*, const twy_endpoint*, twy_error* reterr);
    /* As twy_dataplane.check. [request] */
    twy_status (*check)(twy_instance*, twy_call*, const twy_endpoint*, const twy_attachment*,
                        twy_error* reterr);
    /* As twy_dataplane.adopt, with the attachment the dataplane just adopted. [request] */
    twy_status (*adopt)(twy_instance*, twy_call*, const twy_endpoint*, const twy_attachment*,
                        twy_error* reterr);
    /* How the limits do: read from the kernel, change nothing. [request] */
    twy_status (*observe)(twy_instance*, twy_call*, const twy_endpoint*, const twy_attachment*,
                          twy_limits* ret, twy_error* reterr);
} twy_qos;

#include "terway/abi_policy.h"
#include "terway/abi_service.h"

/* -- the host's side --------------------------------------------------------------------------- */

enum { TWY_NONE = 0, TWY_BOOL = 1, TWY_INT = 2, TWY_STRING = 3, TWY_TABLE = 4, TWY_ARRAY = 5, TWY_OTHER = 6 };

/* One value of the module's TOML table. */
typedef struct twy_value {
    uint32_t size;
    int32_t kind; /* TWY_BOOL ... */
    uint32_t line;
    uint32_t column;
    int64_t integer; /* also a boolean: 0 or 1 */
    twy_str string;
    const twy_table* table; /* a table or an array; valid until the verb returns */
} twy_value;

enum { TWY_LOG_DEBUG = 1, TWY_LOG_INFO = 2, TWY_LOG_WARNING = 3, TWY_LOG_ERROR = 4 };

/* What the daemon offers; valid until destroy() has returned. */
typedef struct twy_host {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    /* One line to the daemon's log, prefixed with the module's id and, inside a call, the request. [any] */
    void (*log)(const struct twy_host*, int32_t level, twy_str message);
    /* 1 and the value if the key exists, else 0. [serial] */
    int32_t (*config_get)(const twy_table*, twy_str key, twy_value* ret);
    /* Iterates over a table or an array (empty keys): 1 and the entry, 0 past the last. [serial] */
    int32_t (*config_at)(const twy_table*, size_t index, twy_str* ret_key, twy_value* ret);
    /* Reports a complaint with its place in the profile; configure must then fail. [serial] */
    void (*config_error)(const twy_table*, uint32_t line, uint32_t column, twy_str text);
    /* Replaces the module's durable state of the call's endpoint; copied at once; 64 KiB at most. [request] */
    void (*put_state)(twy_call*, const void* data, size_t size);
    /* Milliseconds left before the daemon gives the call up; never negative. [any] */
    int64_t (*deadline_ms)(const twy_call*);
    /* Hands a host link nothing routes to any more over for deletion. It gets the link group
     * TWY_RETIRED_LINK_GROUP before this returns; then the host deletes many with one request (a
     * single deletion costs the kernel tens of milliseconds) and keeps the endpoint's addresses out
     * of use until the link is gone. The link must be in the host's network namespace; one that
     * vanishes meanwhile is no error. [request] */
    void (*retire_link)(twy_call*, uint32_t ifindex);
    /* Returns once every link handed over so far is gone, or the call's deadline has passed;
     * 1 if they are gone. For attach, when a leftover blocks a name. [request] */
    int32_t (*await_retired)(twy_call*);
} twy_host;

/* The one symbol a module exports: `const twy_module terway_module`. */
typedef struct twy_module {
    uint32_t magic;
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t size;
    uint32_t reserved;
    const char* id;      /* "veth"; out of tree: reverse DNS, "com.example.thing"; 47 bytes at most */
    const char* version; /* free text, 47 bytes at most */
    /* NULL-terminated list of needs the host can test (docs/module-abi.md), e.g. "kernel>=4.19",
     * "netdev:veth", "sysctl:net.ipv4.ip_forward=1", "nft:inet", "tool:nft", "cap:net_admin". */
    const char* const* requirements;
    twy_status (*create)(const twy_host*, twy_instance** ret, twy_error* reterr); /* [serial] */
    void (*destroy)(twy_instance*);                                               /* [serial] */
    /* Validate and keep. No side effect: `terwayd --check-config` calls it too. [serial] */
    twy_status (*configure)(twy_instance*, const twy_table*, twy_error* reterr);
    /* Can this node run it? Reads only; what the requirement strings cannot say. [serial] */
    twy_status (*preflight)(twy_instance*, twy_error* reterr);
    /* Make what all endpoints share (tables, classes, host links), if it is not there yet; again
     * when the node's facts change. Running endpoints are not disturbed. [serial] */
    twy_status (*start)(twy_instance*, const twy_node*, twy_error* reterr);
    /* Remove what start made; only when no endpoint is left. Never called when the daemon merely
     * exits. [serial] */
    twy_status (*purge)(twy_instance*, twy_error* reterr);
    /* The vtable of an interface id, or NULL. [serial] */
    const void* (*interface)(twy_instance*, const char* id);
} twy_module;

#ifdef __cplusplus
}
#endif
