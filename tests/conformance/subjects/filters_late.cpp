// Law 12: an endpoint without rules is open.
#include "filtered.hpp"

namespace {

class Broken final : public example::Filtered {
public:
    using Filtered::Filtered;

protected:
    [[nodiscard]] std::string unnamed(const std::string&) const override { return ""; }
};

}  // namespace

TERWAY_MODULE(Broken, "test.filters_late", "1");
