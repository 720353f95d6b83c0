// The profile: whatever a person wrote, each complaint has a place and nothing crashes.
#include "profile/profile.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    terway::profile::Diagnostics diagnostics("fuzzed.toml");
    const auto profile = terway::profile::parse(
        std::string_view(reinterpret_cast<const char*>(data), size), diagnostics);
    if (profile.has_value() != diagnostics.ok()) {
        std::abort();
    }
    (void)diagnostics.print();
    return 0;
}
