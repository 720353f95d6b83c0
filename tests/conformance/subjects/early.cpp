// Law 8: attach lets traffic through at once.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    twy_attachment attach(const example::Call& call,
                          const example::EndpointView& endpoint) override {
        const auto made = Routed::attach(call, endpoint);
        Routed::activate(call, endpoint, made);
        return made;
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.early", "1");
