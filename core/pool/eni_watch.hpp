// Waits until ENIs reach a status. All that wait share one read of the cloud.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/mutex.hpp"
#include "cloud/api.hpp"
#include "pool/nics.hpp"

namespace terway::pool {

// A monitor; any thread.
class EniWatch {
public:
    // Whether to wait no longer; nothing stands for an ENI that does not exist.
    using Until = std::function<bool(const std::optional<cloud::Eni>&)>;

    EniWatch(cloud::Api& api, Nics& nics) : api_(api), nics_(nics) {}

    // Looks at once when a NIC comes or goes, else ever more rarely. Throws Error(Retry) when
    // patience ends.
    std::optional<cloud::Eni> await(const std::string& eni, const Until& until,
                                    const cloud::Patience& patience);
    // One look, now.
    std::optional<cloud::Eni> look(const std::string& eni, const cloud::Patience& patience);

private:
    void look_for_all(const cloud::Patience& patience) TERWAY_REQUIRES(mutex_);

    cloud::Api& api_;
    Nics& nics_;
    Mutex mutex_;
    Condition news_;
    std::multiset<std::string> watched_ TERWAY_GUARDED_BY(mutex_);
    std::map<std::string, cloud::Eni> seen_ TERWAY_GUARDED_BY(mutex_);
    unsigned begun_ TERWAY_GUARDED_BY(mutex_) = 0;  // reads
    unsigned round_ TERWAY_GUARDED_BY(mutex_) = 0;  // the read that `seen_` is of
    bool looking_ TERWAY_GUARDED_BY(mutex_) = false;
};

}  // namespace terway::pool
