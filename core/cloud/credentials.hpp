// The keys that requests are signed with, and whoever keeps them fresh. They are never printed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "cloud/effects.hpp"
#include "terway/error.hpp"

namespace terway::cloud {

struct Credentials {
    std::string access_key_id;
    std::string access_key_secret;
    std::string security_token;       // empty: a user's own key
    std::optional<WallTime> expires;  // nothing: never

    bool operator==(const Credentials&) const = default;
};

// `text` with every secret of `credentials`, plain or percent-encoded, blotted out. Pure.
[[nodiscard]] std::string without_secrets(std::string text, const Credentials& credentials);

// Where credentials come from. Blocking; one call at a time. Throws Error: Retry for what passes,
// otherwise with a text that says what to set right.
using CredentialSource = std::function<Credentials(const Patience&)>;

// A monitor; any thread. Asks its source when it has nothing, and anew before what it has expires:
// ten minutes before, or at a fifth of its life if that is shorter. What never expires is read
// again each minute, so that a rotated key is noticed. One thread asks at a time; the others go on
// with the old set while that is valid, or wait for the outcome.
class CredentialProvider {
public:
    CredentialProvider(CredentialSource source, Effects effects);

    // Throws what the source throws if there is no valid set; Error(Retry) at the end of patience.
    [[nodiscard]] Credentials get(const Patience& patience);

    // The cloud refused this set: the next get() asks the source again, unless somebody did.
    void refuse(const Credentials& refused);

private:
    [[nodiscard]] bool valid(WallTime now) const TERWAY_REQUIRES(mutex_);
    [[nodiscard]] Credentials fetch(const Patience& patience);
    void keep(const Credentials& fresh, WallTime now) TERWAY_REQUIRES(mutex_);

    const CredentialSource source_;
    const Effects effects_;
    Mutex mutex_;
    Condition news_;
    std::optional<Credentials> current_ TERWAY_GUARDED_BY(mutex_);
    WallTime renew_at_ TERWAY_GUARDED_BY(mutex_){};
    bool asking_ TERWAY_GUARDED_BY(mutex_) = false;
    std::uint64_t asked_ TERWAY_GUARDED_BY(mutex_) = 0;       // flights that ended
    std::optional<Error> failure_ TERWAY_GUARDED_BY(mutex_);  // of the last one
};

}  // namespace terway::cloud
