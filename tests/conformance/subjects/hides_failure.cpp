// Law 4: activate reports success whatever happens.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    void activate(const example::Call& call, const example::EndpointView& endpoint,
                  const twy_attachment& made) override {
        try {
            Routed::activate(call, endpoint, made);
        } catch (const terway::Error& error) {
            log().warning(error.what());
        }
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.hides_failure", "1");
