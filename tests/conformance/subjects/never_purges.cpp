// Law 11: start makes a route for all endpoints that purge does not remove.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    void start(const twy_node&) override {
        terway::netlink::Socket host;
        terway::netlink::Route route;
        route.destination = *terway::Prefix::parse("10.77.0.0/16");
        route.type = RTN_UNREACHABLE;
        route.priority = 9999;
        terway::netlink::ensure_route(host, route);
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.never_purges", "1");
