// Law 1: the pod's own end stays limited after detach.
#include "shaped.hpp"

namespace {

class Broken final : public example::Shaped {
public:
    using Shaped::Shaped;
    void detach_qos(const example::Call& call, const example::EndpointView& endpoint) override {
        twy_endpoint reachable = endpoint.raw();
        reachable.netns_fd = -1;
        Shaped::detach_qos(call, example::EndpointView(reachable));
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.shapes_for_ever", "1");
