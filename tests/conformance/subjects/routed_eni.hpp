// The routed dataplane with ENIs in their simplest form: one route in a table of the ENI's own.
#pragma once

#include "routed.hpp"

namespace example {

class RoutedEni : public Routed, public terway::sdk::Eni {
public:
    using Routed::Routed;

    void prepare_eni(const Call&, const terway::sdk::EniView& eni) override {
        netlink::Socket host;
        netlink::ensure_route(host, way_out(eni));
    }
    void check_eni(const Call&, const terway::sdk::EniView& eni) override {
        netlink::Socket host;
        const auto wanted = way_out(eni);
        if (!netlink::find_route(host, wanted.destination, wanted.table)) {
            throw Error(Status::Internal, "the ENI's default route is missing");
        }
    }
    void forget_eni(const Call&, const terway::sdk::EniView& eni) override {
        netlink::Socket host;
        (void)netlink::remove_route(host, way_out(eni));
    }

protected:
    static netlink::Route way_out(const terway::sdk::EniView& eni) {
        netlink::Route route;
        route.destination = *Prefix::parse("0.0.0.0/0");
        route.gateway = Prefix::from_abi(eni.gateways().front()).address();
        route.oif = eni.ifindex();
        route.table = 1000 + eni.ifindex();
        route.onlink = true;
        return route;
    }
};

}  // namespace example
