// The identity in a module file: any bytes give an identity or an Error.
#include <cstddef>
#include <cstdint>
#include <span>

#include "host/probe.hpp"
#include "terway/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        (void)terway::host::read_identity(std::as_bytes(std::span(data, size)));
    } catch (const terway::Error&) {
    }
    return 0;
}
