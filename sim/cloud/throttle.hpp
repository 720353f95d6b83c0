// Token buckets. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "sim/cloud/settings.hpp"

namespace terway::sim {

// Full at first; refills steadily. One thread at a time.
class Buckets {
public:
    // Takes one token of `key`. Nothing if there was one, else how long until there is.
    [[nodiscard]] std::optional<Milliseconds> take(const std::string& key, const Throttle& throttle,
                                                   WallTime now);

private:
    struct Bucket {
        double tokens = 0;
        WallTime at;
        Throttle throttle;
    };
    std::map<std::string, Bucket> buckets_;
};

}  // namespace terway::sim
