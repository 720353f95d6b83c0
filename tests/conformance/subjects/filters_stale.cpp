// Law 12: apply adds what an update names and keeps what a full one no longer names.
#include "filtered.hpp"

namespace {

class Broken final : public example::Filtered {
public:
    using Filtered::Filtered;
    void apply(const example::Call& call, const twy_policy_update& update) override {
        if (update.endpoint_count != 0 || update.is_full == 0) {
            Filtered::apply(call, update);
        }
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.filters_stale", "1");
