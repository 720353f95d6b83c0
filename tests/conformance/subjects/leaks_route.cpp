// Law 1: activate adds a route that detach forgets.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    void activate(const example::Call& call, const example::EndpointView& endpoint,
                  const twy_attachment& made) override {
        Routed::activate(call, endpoint, made);
        terway::netlink::Socket host;
        for (const auto& address : example::addresses_of(endpoint)) {
            terway::netlink::Route route;
            route.destination = address;
            route.type = RTN_BLACKHOLE;
            route.table = 77;
            terway::netlink::ensure_route(host, route);
        }
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.leaks_route", "1");
