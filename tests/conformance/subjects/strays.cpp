// Law 10: activate leaves its thread in the sandbox.
#include <sched.h>

#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    void activate(const example::Call& call, const example::EndpointView& endpoint,
                  const twy_attachment& made) override {
        Routed::activate(call, endpoint, made);
        (void)::setns(endpoint.netns_fd(), CLONE_NEWNET);
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.strays", "1");
