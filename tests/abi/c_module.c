/* A whole module in plain C: descriptor and ELF note filled by hand. Built with no header but the
 * contract's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <terway/abi.h>

struct twy_instance {
    const twy_host* host;
    uint32_t mtu;
};

static const struct {
    uint32_t owner_size, body_size, type;
    char owner[8];
    uint32_t magic;
    uint16_t abi_major, abi_minor;
    uint32_t kinds;
    char id[48], version[48];
} note __attribute__((used, section(TWY_NOTE_SECTION), aligned(4))) = {
    sizeof TWY_NOTE_OWNER, 108, TWY_NOTE_TYPE, TWY_NOTE_OWNER, TWY_MAGIC, TWY_ABI_MAJOR,
    TWY_ABI_MINOR,         9,   "test.abi",    "1.0"};

static twy_status fail(twy_error* error, twy_status status, int sys_errno, const char* text) {
    if (error != NULL && TWY_HAS(error, message)) {
        error->sys_errno = sys_errno;
        snprintf(error->message, sizeof error->message, "%s", text);
    }
    return status;
}

static twy_str text(const char* of) {
    twy_str made = {of, strlen(of)};
    return made;
}

static twy_status create(const twy_host* host, twy_instance** ret, twy_error* error) {
    twy_instance* made = calloc(1, sizeof *made);
    if (made == NULL) {
        return fail(error, TWY_INTERNAL, ENOMEM, "out of memory");
    }
    made->host = host;
    *ret = made;
    return TWY_OK;
}

static void destroy(twy_instance* self) {
    free(self);
}

static twy_status configure(twy_instance* self, const twy_table* table, twy_error* error) {
    twy_value value = {.size = sizeof value};
    twy_str key;
    int complaints = 0;
    self->mtu = 1500;
    for (size_t i = 0; self->host->config_at(table, i, &key, &value); i++) {
        if (key.size == 3 && memcmp(key.data, "mtu", 3) == 0 && value.kind == TWY_INT) {
            self->mtu = (uint32_t)value.integer;
        } else {
            self->host->config_error(table, value.line, value.column, text("unknown key"));
            complaints++;
        }
    }
    return complaints == 0 ? TWY_OK : fail(error, TWY_INVALID, 0, "the table has mistakes");
}

static twy_status preflight(twy_instance* self, twy_error* error) {
    (void)self, (void)error;
    return TWY_OK;
}

static twy_status start(twy_instance* self, const twy_node* node, twy_error* error) {
    (void)error;
    self->host->log(self->host, TWY_LOG_INFO,
                    text(node->pod_cidr_count  ? "routed"
                         : node->address_count ? "by ENI"
                                               : "lost"));
    return TWY_OK;
}

static twy_status attach(twy_instance* self, twy_call* call, const twy_endpoint* endpoint,
                         twy_attachment* ret, twy_error* error) {
    if (self->host->deadline_ms(call) == 0) {
        return fail(error, TWY_RETRY, ETIMEDOUT, "no time left");
    }
    self->host->put_state(call, endpoint->container_id.data, endpoint->container_id.size);
    ret->pod_ifindex = 7;
    ret->mtu = self->mtu;
    memcpy(ret->host_ifname, endpoint->host_ifname.data, endpoint->host_ifname.size);
    return TWY_OK;
}

static twy_status activate(twy_instance* self, twy_call* call, const twy_endpoint* endpoint,
                           const twy_attachment* made, twy_error* error) {
    (void)self, (void)call, (void)endpoint;
    return made->pod_ifindex == 7 ? TWY_OK : fail(error, TWY_INVALID, 0, "not what attach made");
}

static twy_status detach(twy_instance* self, twy_call* call, const twy_endpoint* endpoint,
                         twy_error* error) {
    (void)endpoint, (void)error;
    self->host->retire_link(call, 42);
    return TWY_OK;
}

static twy_status check(twy_instance* self, twy_call* call, const twy_endpoint* endpoint,
                        twy_error* error) {
    (void)self, (void)call, (void)endpoint;
    return fail(error, TWY_INTERNAL, EIO, "link eth0 is missing");
}

static twy_status adopt(twy_instance* self, twy_call* call, const twy_endpoint* endpoint,
                        twy_attachment* ret, twy_error* error) {
    if (endpoint->state.size == 0) {
        return fail(error, TWY_GONE, 0, "nothing is known of it");
    }
    return attach(self, call, endpoint, ret, error);
}

static twy_status eni(twy_instance* self, twy_call* call, const twy_eni* eni, twy_error* error) {
    (void)self, (void)call;
    return eni->gateway_count == 1 ? TWY_OK : fail(error, TWY_INVALID, 0, "an ENI without gateway");
}

static const void* interface(twy_instance* self, const char* id) {
    static const twy_eni_verbs enis = {sizeof enis, 0, eni, eni, eni};
    static const twy_dataplane table = {sizeof table, 0, attach, activate, detach, check, adopt};
    (void)self;
    if (strcmp(id, TWY_ENI) == 0) {
        return &enis;
    }
    return strcmp(id, TWY_DATAPLANE) == 0 ? &table : NULL;
}

static const char* const requirements[] = {"kernel>=4.19", NULL};

__attribute__((visibility("default")))
const twy_module terway_module = {TWY_MAGIC, TWY_ABI_MAJOR, TWY_ABI_MINOR, sizeof(twy_module),
                                  0,         "test.abi",    "1.0",         requirements,
                                  create,    destroy,       configure,     preflight,
                                  start,     preflight,     interface};
