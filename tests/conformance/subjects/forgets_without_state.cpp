// Law 2: detach does nothing for an endpoint whose state it is not given.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    void detach(const example::Call& call, const example::EndpointView& endpoint) override {
        if (!endpoint.state().empty()) {
            Routed::detach(call, endpoint);
        }
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.forgets_without_state", "1");
