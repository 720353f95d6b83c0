// The keys of [module.policy-bpf].
#pragma once

#include <terway/config.hpp>

#include <cstdint>
#include <string>

namespace terway::policy_bpf {

struct Options {
    bool asks_for_node = true;          // a pod's connections to its own node need its egress rules
    bool cuts_established = true;       // connections that new rules forbid end at once
    std::string bpffs = "/sys/fs/bpf";  // where the maps are pinned; mounted if it is not

    // Sizes of maps; those there are keep theirs.
    std::uint32_t connections = 131'072;
    std::uint32_t members = 262'144;   // of sets; what a restart loads stands beside what was there
    std::uint32_t blocks = 131'072;    // prefixes
    std::uint32_t rules = 65'536;      // ports and lists of rules
    std::uint32_t services = 65'536;   // addresses and ports of Services
    std::uint32_t backends = 262'144;  // of all of them; what is being replaced stands beside it

    bool operator==(const Options&) const = default;
};

// Complains to `config` about what cannot be; no side effect.
[[nodiscard]] Options read_options(sdk::Config& config);

}  // namespace terway::policy_bpf
