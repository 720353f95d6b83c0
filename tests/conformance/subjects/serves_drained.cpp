// Law 18: a backend that drains is as good as any other.
#include "served.hpp"

namespace {

class Broken final : public example::Served {
public:
    using Served::Served;

protected:
    [[nodiscard]] bool takes(const twy_backend&) const override { return true; }
};

}  // namespace

TERWAY_MODULE(Broken, "test.serves_drained", "1");
