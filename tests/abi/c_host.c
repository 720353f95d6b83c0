/* A host in plain C: loads a module and drives it through the contract alone. Exit status 0 if the
 * module does as promised; else the line of the promise broken is printed. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <terway/abi.h>

struct twy_call {
    char state[64];
    size_t state_size;
    uint32_t retired;
};

struct twy_table {
    const char* key;
    int64_t value;
    int complaints;
    uint32_t line;
};

#define EXPECT(promise)                                  \
    do {                                                 \
        if (!(promise)) {                                \
            printf("line %d: %s\n", __LINE__, #promise); \
            exit(1);                                     \
        }                                                \
    } while (0)

static char logged[64];

static void log_line(const twy_host* host, int32_t level, twy_str message) {
    (void)host, (void)level;
    snprintf(logged, sizeof logged, "%.*s", (int)message.size, message.data);
}

static int32_t config_at(const twy_table* table, size_t index, twy_str* key, twy_value* ret) {
    if (index > 0 || table->key == NULL) {
        return 0;
    }
    key->data = table->key;
    key->size = strlen(table->key);
    ret->kind = TWY_INT;
    ret->integer = table->value;
    ret->line = 3;
    ret->column = 9;
    return 1;
}

static int32_t config_get(const twy_table* table, twy_str key, twy_value* ret) {
    twy_str found;
    return config_at(table, 0, &found, ret) && found.size == key.size &&
           memcmp(found.data, key.data, key.size) == 0;
}

static void config_error(const twy_table* table, uint32_t line, uint32_t column, twy_str text) {
    (void)column, (void)text;
    ((twy_table*)table)->complaints++;
    ((twy_table*)table)->line = line;
}

static void put_state(twy_call* call, const void* data, size_t size) {
    EXPECT(size <= sizeof call->state);
    memcpy(call->state, data, size);
    call->state_size = size;
}

static int64_t deadline_ms(const twy_call* call) {
    (void)call;
    return 1000;
}

static void retire_link(twy_call* call, uint32_t ifindex) {
    call->retired = ifindex;
}

static int32_t await_retired(twy_call* call) {
    (void)call;
    return 1;
}

int main(int argc, char** argv) {
    const twy_host host = {sizeof host, TWY_ABI_MAJOR, TWY_ABI_MINOR, log_line,
                           config_get,  config_at,     config_error,  put_state,
                           deadline_ms, retire_link,   await_retired};
    EXPECT(argc == 2);
    void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    EXPECT(library != NULL);
    const twy_module* module = dlsym(library, "terway_module");
    EXPECT(module != NULL && module->magic == TWY_MAGIC && TWY_HAS(module, interface));

    twy_instance* instance = NULL;
    twy_error error = {.size = sizeof error};
    EXPECT(module->create(&host, &instance, &error) == TWY_OK && instance != NULL);

    twy_table wrong = {"mtuu", 1400, 0, 0};
    EXPECT(module->configure(instance, &wrong, &error) == TWY_INVALID);
    EXPECT(wrong.complaints == 1 && wrong.line == 3 && error.message[0] != '\0');
    twy_table right = {"mtu", 1400, 0, 0};
    EXPECT(module->configure(instance, &right, &error) == TWY_OK && right.complaints == 0);
    EXPECT(module->preflight(instance, &error) == TWY_OK);
    twy_prefix address = {4, 32, {0}, {10, 0, 0, 5}};
    twy_node node = {.size = sizeof node, .addresses = &address, .address_count = 1};
    EXPECT(module->start(instance, &node, &error) == TWY_OK && strcmp(logged, "by ENI") == 0);

    EXPECT(module->interface(instance, TWY_POLICY) == NULL);
    const twy_dataplane* dataplane = module->interface(instance, TWY_DATAPLANE);
    EXPECT(dataplane != NULL && TWY_HAS(dataplane, adopt));
    twy_call call = {{0}, 0, 0};
    twy_endpoint endpoint = {.size = sizeof endpoint, .netns_fd = -1};
    endpoint.container_id = (twy_str){"c1", 2};
    endpoint.host_ifname = (twy_str){"cali1", 5};
    twy_attachment made = {.size = sizeof made};
    EXPECT(dataplane->attach(instance, &call, &endpoint, &made, &error) == TWY_OK);
    EXPECT(made.pod_ifindex == 7 && made.mtu == 1400 && strcmp(made.host_ifname, "cali1") == 0);
    EXPECT(made.size == sizeof made && call.state_size == 2 && memcmp(call.state, "c1", 2) == 0);
    EXPECT(dataplane->activate(instance, &call, &endpoint, &made, &error) == TWY_OK);
    EXPECT(dataplane->check(instance, &call, &endpoint, &error) == TWY_INTERNAL);
    EXPECT(strcmp(error.message, "link eth0 is missing") == 0 && error.sys_errno != 0);
    EXPECT(dataplane->detach(instance, &call, &endpoint, &error) == TWY_OK && call.retired == 42);
    const twy_eni_verbs* enis = module->interface(instance, TWY_ENI);
    EXPECT(enis != NULL && TWY_HAS(enis, forget));
    twy_eni eni = {.size = sizeof eni, .ifindex = 3};
    EXPECT(enis->prepare(instance, &call, &eni, &error) == TWY_INVALID);
    EXPECT(strcmp(error.message, "an ENI without gateway") == 0);
    eni.gateways = &address;
    eni.gateway_count = 1;
    EXPECT(enis->prepare(instance, &call, &eni, &error) == TWY_OK);
    EXPECT(enis->check(instance, &call, &eni, &error) == TWY_OK);
    EXPECT(enis->forget(instance, &call, &eni, &error) == TWY_OK);
    EXPECT(module->purge(instance, &error) == TWY_OK);
    module->destroy(instance);
    return 0;
}
