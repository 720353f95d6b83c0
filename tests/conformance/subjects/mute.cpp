// Law 8: the pod never gets its routes.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    void activate(const example::Call&, const example::EndpointView& endpoint,
                  const twy_attachment& made) override {
        auto pod = terway::netlink::Socket::in(endpoint.netns_fd());
        terway::netlink::LinkChange change;
        change.up = true;
        terway::netlink::change_link(pod, made.pod_ifindex, change);
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.mute", "1");
