// Law 6: check looks at the host's link and at nothing else.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    void check(const example::Call&, const example::EndpointView& endpoint) override {
        terway::netlink::Socket host;
        if (!terway::netlink::find_link(host, std::string(endpoint.host_ifname()))) {
            throw terway::Error(terway::Status::Internal, "the link is gone");
        }
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.blind", "1");
