// A hundred pods at once.
#pragma once

#include "rounds.hpp"

namespace terway::bench {

struct StormTimes {
    VerbTimes ours;
    VerbTimes ptp;
    Samples kernel_add;  // one thread of one process makes the same objects
    Samples floor_add;   // a hundred floor programs at once
    // From the first DEL's start, and from the last DEL's answer, until none of the links is left.
    Samples gone_after_first;
    Samples gone_after_last;
    // One request for a hundred identical links: until none is left, and until the answer.
    Samples group_delete;
    Samples group_delete_ack;
    Memory memory;  // the largest, with a hundred endpoints
};

[[nodiscard]] StormTimes run_storms(Arena& arena, unsigned storms);

}  // namespace terway::bench
