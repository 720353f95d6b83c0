// Programs and maps, from the files that are pinned or from nothing.
#pragma once

#include <bpf/bpf.h>

#include <cstdint>
#include <string>

#include "base/fd.hpp"
#include "options.hpp"

namespace terway::policy_bpf {

struct Loaded {
    bool is_new = false;
    std::string
        other_sizes;  // maps that were there in another size than the options say, for people
    std::uint32_t endpoints_id = 0;
    Fd settings, endpoints, rules, ports, lists, members, blocks, connections;
    Fd neighbours, frontends, backends, targets, counters, reasons, verdicts;
    Fd from_pod, to_pod;
};

// Takes over what is pinned for the calling thread's network namespace, or makes and pins it.
// Throws Error with the kernel's reason.
[[nodiscard]] Loaded load(const Options& options);
// Loads the programs and throws them away. Throws Error(Unsupported) with the kernel's reason.
void try_kernel(const Options& options);

[[nodiscard]] bpf_map_info info_of(int map);

}  // namespace terway::policy_bpf
