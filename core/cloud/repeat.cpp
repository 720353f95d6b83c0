#include "cloud/repeat.hpp"

#include <utility>

namespace terway::cloud {

Next RepeatPolicy::next(const Setback& setback) {
    switch (setback.reaction) {
        case Reaction::Throttled:
        case Reaction::Conflict:
            return Next::Later;
        case Reaction::Unknown:
            return repeatable_ || setback.not_sent ? Next::Later : Next::GiveUp;
        case Reaction::Replayed:
            return repeatable_ ? Next::Later : Next::GiveUp;
        case Reaction::ClockSkew:
            return std::exchange(clock_corrected_, true) ? Next::GiveUp : Next::CorrectClock;
        case Reaction::StaleSession:
            return std::exchange(session_renewed_, true) ? Next::GiveUp : Next::RenewCredentials;
        case Reaction::BadCredentials:
            return std::exchange(keys_reloaded_, true) ? Next::GiveUp : Next::RenewCredentials;
        default:
            return Next::GiveUp;
    }
}

}  // namespace terway::cloud
