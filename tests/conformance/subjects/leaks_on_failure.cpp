// Law 4: attach makes a link under a passing name; when it fails half-way nobody finds that again.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    twy_attachment attach(const example::Call& call,
                          const example::EndpointView& endpoint) override {
        const auto made = Routed::attach(call, endpoint);
        terway::netlink::Socket host;
        terway::netlink::LinkChange away;
        away.name = "temporary0";
        terway::netlink::change_link(host, made.host_ifindex, away);
        terway::netlink::LinkChange back;
        back.name = std::string(endpoint.host_ifname());
        terway::netlink::change_link(host, made.host_ifindex, back);
        return made;
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.leaks_on_failure", "1");
