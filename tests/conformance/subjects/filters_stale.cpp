// Law 12: apply adds what a set names and keeps what it no longer names.
#include "filtered.hpp"

namespace {

class Broken final : public example::Filtered {
public:
    using Filtered::Filtered;
    std::uint64_t apply(const example::Call& call, const twy_policy_set& set) override {
        return set.endpoint_count == 0 ? set.revision : Filtered::apply(call, set);
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.filters_stale", "1");
