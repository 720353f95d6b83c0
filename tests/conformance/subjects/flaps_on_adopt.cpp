// Law 5: adopt builds everything anew.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    twy_attachment adopt(const example::Call& call,
                         const example::EndpointView& endpoint) override {
        const auto made = Routed::attach(call, endpoint);
        Routed::activate(call, endpoint, made);
        return made;
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.flaps_on_adopt", "1");
