// Law 7: detach takes the links of all endpoints along.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    void detach(const example::Call& call, const example::EndpointView& endpoint) override {
        Routed::detach(call, endpoint);
        terway::netlink::Socket host;
        for (const auto& link : terway::netlink::links(host)) {
            if (link.name.starts_with("cali")) {
                (void)terway::netlink::remove_link(host, link.index);
            }
        }
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.sweeps", "1");
