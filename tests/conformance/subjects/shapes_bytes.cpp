// Law 17: bits are taken for bytes.
#include "shaped.hpp"

namespace {

class Broken final : public example::Shaped {
public:
    using Shaped::Shaped;
    void attach_qos(const example::Call&, const example::EndpointView& endpoint,
                    const twy_attachment& made) override {
        example::netlink::Socket host;
        set_bucket(host, made.host_ifindex, endpoint.ingress_bps());
        auto pod = example::netlink::Socket::in(endpoint.netns_fd());
        set_bucket(pod, made.pod_ifindex, endpoint.egress_bps());
    }
    void check_qos(const example::Call&, const example::EndpointView& endpoint,
                   const twy_attachment& made) override {
        example::netlink::Socket host;
        expect_bucket(host, made.host_ifindex, endpoint.ingress_bps());
        auto pod = example::netlink::Socket::in(endpoint.netns_fd());
        expect_bucket(pod, made.pod_ifindex, endpoint.egress_bps());
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.shapes_bytes", "1");
