// A dataplane against the bare contract, built many times, each time with one thing wrong.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "terway/abi.h"

#ifndef DEVIANT_ABI_MINOR
#define DEVIANT_ABI_MINOR TWY_ABI_MINOR
#endif
#ifndef DEVIANT_DESCRIPTOR_ABI_MINOR
#define DEVIANT_DESCRIPTOR_ABI_MINOR DEVIANT_ABI_MINOR
#endif
#ifndef DEVIANT_NOTE_MAGIC
#define DEVIANT_NOTE_MAGIC TWY_MAGIC
#endif
#ifndef DEVIANT_DESCRIPTOR_MAGIC
#define DEVIANT_DESCRIPTOR_MAGIC TWY_MAGIC
#endif
#ifndef DEVIANT_DESCRIPTOR_ID
#define DEVIANT_DESCRIPTOR_ID "deviant"
#endif
#ifndef DEVIANT_DESCRIPTOR_VERSION
#define DEVIANT_DESCRIPTOR_VERSION "1"
#endif
#ifndef DEVIANT_DESCRIPTOR_SIZE
#define DEVIANT_DESCRIPTOR_SIZE sizeof(twy_module)
#endif
#ifndef DEVIANT_TABLE_SIZE
#define DEVIANT_TABLE_SIZE sizeof(twy_dataplane)
#endif
#ifndef DEVIANT_KINDS
#define DEVIANT_KINDS 1
#endif
#ifndef DEVIANT_CHECK
#define DEVIANT_CHECK escape
#endif
#ifndef DEVIANT_PURGE
#define DEVIANT_PURGE purge
#endif
#ifndef DEVIANT_CREATE
#define DEVIANT_CREATE create
#endif

namespace {

#ifndef DEVIANT_NO_NOTE
struct Note {
    std::uint32_t owner_size, body_size, type;
    char owner[8];
    std::uint32_t magic;
    std::uint16_t abi_major, abi_minor;
    std::uint32_t kinds;
    char id[48], version[48];
};
__attribute__((used, section(TWY_NOTE_SECTION), aligned(4))) constexpr Note note{
    sizeof TWY_NOTE_OWNER,
    108,
    TWY_NOTE_TYPE,
    TWY_NOTE_OWNER,
    DEVIANT_NOTE_MAGIC,
    TWY_ABI_MAJOR,
    DEVIANT_ABI_MINOR,
    DEVIANT_KINDS,
    "deviant",
    "1"};
#endif

// Runs when the file is mapped: a refused module must never get as far.
__attribute__((constructor)) void announce() {
    std::fputs("deviant was mapped\n", stderr);
}

#ifndef DEVIANT_NO_DESCRIPTOR
int self = 0;

[[maybe_unused]] twy_status create(const twy_host*, twy_instance** ret, twy_error*) {
    *ret = reinterpret_cast<twy_instance*>(&self);
    return TWY_OK;
}
[[maybe_unused]] twy_status create_and_fail(const twy_host*, twy_instance**, twy_error* error) {
    std::snprintf(error->message, sizeof error->message, "no such luck");
    return TWY_RETRY;
}
[[maybe_unused]] twy_status create_nothing(const twy_host*, twy_instance**, twy_error*) {
    return TWY_OK;
}
void destroy(twy_instance*) {}
// Fails without a complaint of its own.
twy_status configure(twy_instance*, const twy_table*, twy_error*) {
    return TWY_INVALID;
}
// Lets an exception out, which the contract forbids.
twy_status preflight(twy_instance*, twy_error*) {
    throw std::runtime_error("out of the module");
}
// Answers a status nobody has heard of.
twy_status start(twy_instance*, const twy_node*, twy_error* error) {
    error->message[0] = '\0';
    return 77;
}
[[maybe_unused]] twy_status purge(twy_instance*, twy_error* error) {
    // Fills the buffer and leaves no room for the end.
    for (char& c : error->message) {
        c = 'x';
    }
    return TWY_INTERNAL;
}

twy_status attach(twy_instance*, twy_call*, const twy_endpoint*, twy_attachment*, twy_error*) {
    return TWY_OK;
}
twy_status activate(twy_instance*, twy_call*, const twy_endpoint*, const twy_attachment*,
                    twy_error*) {
    return TWY_OK;
}
[[maybe_unused]] twy_status escape(twy_instance*, twy_call*, const twy_endpoint*, twy_error*) {
    throw 42;
}
constexpr twy_dataplane table{DEVIANT_TABLE_SIZE, 0,     attach, activate, escape,
                              DEVIANT_CHECK,      attach};

const void* interface(twy_instance*, const char* id) {
    return std::strcmp(id, TWY_DATAPLANE) == 0 ? &table : nullptr;
}
#endif

}  // namespace

#ifndef DEVIANT_NO_DESCRIPTOR
extern "C" __attribute__((visibility("default")))
const twy_module terway_module = {DEVIANT_DESCRIPTOR_MAGIC,
                                  TWY_ABI_MAJOR,
                                  DEVIANT_DESCRIPTOR_ABI_MINOR,
                                  DEVIANT_DESCRIPTOR_SIZE,
                                  0,
                                  DEVIANT_DESCRIPTOR_ID,
                                  DEVIANT_DESCRIPTOR_VERSION,
                                  nullptr,
                                  DEVIANT_CREATE,
                                  destroy,
                                  configure,
                                  preflight,
                                  start,
                                  DEVIANT_PURGE,
                                  interface};
#endif
