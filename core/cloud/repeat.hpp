// Whether a call that failed is sent again. Pure.
#pragma once

#include <cstdint>

#include "cloud/api_error.hpp"

namespace terway::cloud {

// How one sending went wrong.
struct Setback {
    Reaction reaction = Reaction::Permanent;
    bool not_sent = false;  // certainly not a byte of it
};

enum class Next : std::uint8_t {
    GiveUp,
    Later,             // after a pause
    CorrectClock,      // by the answer's date, then now
    RenewCredentials,  // then now
};

// Of one call; what helps only once is tried only once.
class RepeatPolicy {
public:
    // `repeatable`: being carried out twice is the same as once.
    explicit RepeatPolicy(bool repeatable) : repeatable_(repeatable) {}

    [[nodiscard]] Next next(const Setback& setback);

private:
    bool repeatable_;
    bool clock_corrected_ = false;
    bool session_renewed_ = false;
    bool keys_reloaded_ = false;
};

}  // namespace terway::cloud
