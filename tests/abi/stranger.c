/* A module built for a contract nobody has. */
#include <terway/abi.h>

__attribute__((visibility("default"))) const twy_module terway_module = {
    .magic = TWY_MAGIC, .abi_major = 9, .abi_minor = 9, .size = sizeof(twy_module)};
