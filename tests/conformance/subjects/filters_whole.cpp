// Law 12: a difference is passed over, the next full update will say it.
#include "filtered.hpp"

namespace {

class Broken final : public example::Filtered {
public:
    using Filtered::Filtered;
    void apply(const example::Call& call, const twy_policy_update& update) override {
        if (update.is_full != 0) {
            Filtered::apply(call, update);
        }
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.filters_whole", "1");
