/* terway/abi_service.h -- the part of the contract that is about Services; included by abi.h.
 *
 * Services are told in terms of addresses and ports, without selectors and slices, and in
 * differences. They hold for all endpoints that the module's policy verbs were given. */
#pragma once

#ifndef TWY_MAGIC
#error "include terway/abi.h"
#endif

enum {
    TWY_BACKEND_READY = 1,
    TWY_BACKEND_DRAINING = 2 /* keeps the connections it has, gets no new ones */
};

/* Where connections go. The address is of the frontend's family, a v4 one uses the first four
 * bytes, network byte order; the port is in host byte order. */
typedef struct twy_backend {
    uint8_t state; /* TWY_BACKEND_READY ... */
    uint8_t reserved;
    uint16_t port;
    uint8_t address[16];
} twy_backend;

/* What pods connect to. */
typedef struct twy_frontend_key {
    uint8_t family;   /* 4 or 6 */
    uint8_t protocol; /* IANA's number: TCP, UDP or SCTP */
    uint16_t port;    /* host byte order */
    uint8_t address[16];
} twy_frontend_key;

enum {
    TWY_REFUSE = 1, /* ICMP unreachable or RST at once */
    TWY_DROP = 2
};

/* One frontend, whole. A new connection from an endpoint to it goes to one of the backends that are
 * ready, any of them with the same likelihood, and policy judges the backend's address and port. A
 * connection keeps its backend while that is listed, in either state; of one that is listed no more
 * the module may forget the connections. The endpoint itself may be a backend, and reaches itself
 * through the frontend. A protocol that the module cannot translate is no error: such a frontend it
 * leaves alone. */
typedef struct twy_frontend {
    uint32_t size;
    uint8_t without_backends; /* TWY_REFUSE ...: what a connection gets while no backend is ready */
    uint8_t reserved[3];
    twy_frontend_key key;
    uint32_t affinity_seconds;   /* 0: none; else a client keeps its backend while that is ready and
                                  * the client comes back within that time */
    const twy_backend* backends; /* sorted by address and port, each once */
    size_t backend_count;
    twy_str service; /* "namespace/name:port-name", without the colon if the port has no name: for
                      * texts and counters */
} twy_frontend;

/* What is different since the last update that was applied. A key is in one of the two lists at
 * most, and once. */
typedef struct twy_service_update {
    uint32_t size;
    uint32_t is_full;  /* 1: all that holds. What was told before and is not in it holds no more */
    uint64_t revision; /* grows */
    const twy_frontend* const* frontends; /* new or changed, whole */
    size_t frontend_count;
    const twy_frontend_key* gone; /* are no frontends any more; empty in a full update */
    size_t gone_count;
} twy_service_update;

/* The verbs of Services, of a module that has those of policy, too. */
typedef struct twy_service {
    uint32_t size;
    uint32_t reserved;
    /* Make the kernel agree; it does when this returns. Full is the first update and the next after
     * a failure, whatever was carried out; one full update may follow another. Frontends that an
     * earlier daemon put in the kernel stay in force until the first apply, and connections outlive
     * every update that still lists their backend. Names what holds whether or not there are
     * endpoints: one that is attached later has all of it. Never concurrent with another apply of
     * Services, but with all other verbs, apply of policy included: the lock around what they share
     * is the module's own. [request] */
    twy_status (*apply)(twy_instance*, twy_call*, const twy_service_update*, twy_error* reterr);
} twy_service;
