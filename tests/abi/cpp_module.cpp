// The module of c_module.c again, in C++.
#include <terway/module.hpp>

namespace {

using terway::Error;
using terway::Status;
using terway::sdk::Call;
using terway::sdk::EndpointView;
using terway::sdk::EniView;

class Twin final : public terway::sdk::Module,
                   public terway::sdk::Dataplane,
                   public terway::sdk::Eni {
public:
    using Module::Module;

    void configure(terway::sdk::Config& config) override {
        mtu_ = static_cast<std::uint32_t>(config.integer("mtu", 1500, 0, 65535));
    }
    void start(const twy_node& node) override {
        log().info(node.pod_cidr_count != 0  ? "routed"
                   : node.address_count != 0 ? "by ENI"
                                             : "lost");
    }
    twy_attachment attach(const Call& call, const EndpointView& endpoint) override {
        if (endpoint.container_id() == "throws-an-int") {
            throw 42;
        }
        if (call.deadline_ms() == 0) {
            throw Error(Status::Retry, "no time left", ETIMEDOUT);
        }
        call.put_state(endpoint.container_id());
        auto made = terway::sdk::sized<twy_attachment>();
        made.pod_ifindex = 7;
        made.mtu = mtu_;
        endpoint.host_ifname().copy(made.host_ifname, sizeof made.host_ifname - 1);
        return made;
    }
    void activate(const Call&, const EndpointView&, const twy_attachment& made) override {
        if (made.pod_ifindex != 7) {
            throw Error(Status::Invalid, "not what attach made");
        }
    }
    void detach(const Call& call, const EndpointView&) override { call.retire_link(42); }
    void check(const Call&, const EndpointView&) override {
        throw Error(Status::Internal, "link eth0 is missing", EIO);
    }
    twy_attachment adopt(const Call& call, const EndpointView& endpoint) override {
        if (endpoint.state().empty()) {
            throw Error(Status::Gone, "nothing is known of it");
        }
        return attach(call, endpoint);
    }

    void prepare_eni(const Call&, const EniView& eni) override { need_gateway(eni); }
    void check_eni(const Call&, const EniView& eni) override { need_gateway(eni); }
    void forget_eni(const Call&, const EniView& eni) override { need_gateway(eni); }

private:
    static void need_gateway(const EniView& eni) {
        if (eni.gateways().size() != 1) {
            throw Error(Status::Invalid, "an ENI without gateway");
        }
    }

    std::uint32_t mtu_ = 1500;
};

}  // namespace

TERWAY_MODULE(Twin, "test.abi", "1.0", "kernel>=4.19");
