// Law 3: detach leaves a tombstone, also for endpoints that never were.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    void detach(const example::Call& call, const example::EndpointView& endpoint) override {
        Routed::detach(call, endpoint);
        terway::netlink::Socket host;
        terway::netlink::Route tombstone;
        tombstone.destination = *terway::Prefix::parse("10.77.0.0/16");
        tombstone.type = RTN_UNREACHABLE;
        tombstone.priority = 9999;
        terway::netlink::ensure_route(host, tombstone);
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.marks_detached", "1");
