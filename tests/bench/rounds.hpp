// One pod at a time: in every round each contender once, in rotating order, each in a sandbox that
// nobody has used before, because a runtime never uses one twice.
#pragma once

#include "arena.hpp"
#include "samples.hpp"

namespace terway::bench {

struct VerbTimes {
    Samples add;
    Samples del;
};

struct RoundTimes {
    VerbTimes ours;
    VerbTimes ptp;
    VerbTimes floor;   // without del
    Samples exec;      // a static program that does nothing
    Samples status;    // STATUS of ours
    VerbTimes daemon;  // its own account of the same requests
    Memory memory_at_start;
    double cni_rss = 0;  // MiB, the largest of some ADDs
};

[[nodiscard]] RoundTimes run_rounds(Arena& arena, unsigned rounds);

}  // namespace terway::bench
