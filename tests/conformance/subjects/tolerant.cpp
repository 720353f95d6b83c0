// Law 9: configure, written against the C contract, reads nothing and accepts everything.
#include "routed.hpp"

namespace {

using Export = terway::sdk::Export<example::Routed>;

constexpr const char* kRequirements[] = {nullptr};

}  // namespace

extern "C" __attribute__((visibility("default"))) const twy_module terway_module = {
    TWY_MAGIC,
    TWY_ABI_MAJOR,
    TWY_ABI_MINOR,
    sizeof(twy_module),
    0,
    "test.tolerant",
    "1",
    kRequirements,
    Export::create,
    Export::destroy,
    [](twy_instance*, const twy_table*, twy_error*) -> twy_status { return TWY_OK; },
    Export::preflight,
    Export::start,
    Export::purge,
    Export::interface};
