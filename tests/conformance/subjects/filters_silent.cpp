// Law 12: apply answers a revision of its own.
#include "filtered.hpp"

namespace {

class Broken final : public example::Filtered {
public:
    using Filtered::Filtered;
    std::uint64_t apply(const example::Call& call, const twy_policy_set& set) override {
        (void)Filtered::apply(call, set);
        return 1;
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.filters_silent", "1");
