// The metadata service's lists, dates, and the key file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cloud/key_file.hpp"
#include "cloud/metadata_text.hpp"
#include "cloud/utc.hpp"
#include "terway/error.hpp"

namespace {

using namespace terway::cloud;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& element : parse_list(text)) {
        require(!element.empty() && element.find_first_of("[]\", \t\r\n") == std::string::npos);
    }
    if (const auto time = parse_utc(text)) {
        require(parse_utc(utc_text(*time)) == time);
    }
    (void)parse_http_date(text);
    try {
        (void)parse_addresses(text, "path");
        (void)parse_prefixes(text, "path");
        (void)parse_macs(text, "path");
    } catch (const terway::Error&) {
    }
    try {
        const auto keys = parse_key_file(text, "keys.toml");
        require(!keys.access_key_id.empty() && !keys.access_key_secret.empty());
    } catch (const terway::Error&) {
    }
    return 0;
}
