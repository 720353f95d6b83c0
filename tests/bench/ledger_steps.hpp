// The ENI ledger alone: a great many random steps beside a model that knows who has what.
#pragma once

#include <cstdint>

namespace terway::bench {

struct LedgerTimes {
    std::uint64_t steps = 0;
    double ns_per_step = 0;  // spent in the ledger
    double seconds = 0;      // in all, the model's checks included
    double growth_kib = 0;   // of resident memory, from a tenth of the steps to the last
};

// Throws Error if ledger and model ever disagree.
[[nodiscard]] LedgerTimes run_ledger(std::uint64_t steps);

}  // namespace terway::bench
