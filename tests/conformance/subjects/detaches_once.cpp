// Law 2: detach insists that there is something to detach.
#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    void detach(const example::Call& call, const example::EndpointView& endpoint) override {
        terway::netlink::Socket host;
        const std::string name(endpoint.host_ifname());
        if (!terway::netlink::find_link(host, name)) {
            throw terway::Error(terway::Status::Gone, "link " + name + " does not exist");
        }
        Routed::detach(call, endpoint);
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.detaches_once", "1");
