// A module that does as it is told.
#include <string>

#include "terway/module.hpp"

namespace {

using terway::sdk::Call;
using terway::sdk::Config;
using terway::sdk::EndpointView;

class Good final : public terway::sdk::Module,
                   public terway::sdk::Dataplane,
                   public terway::sdk::Qos {
public:
    using Module::Module;

    void configure(Config& config) override {
        mtu_ = static_cast<std::uint32_t>(config.integer("mtu", 1500, 576, 9216));
        config.choice("mode", "l2", {"l2", "l3"});
        refuse_preflight_ = config.boolean("refuse_preflight", false);
        for (const auto& name : config.strings("names")) {
            if (name.text.empty()) {
                config.complain(name.line, name.column, "a name is empty");
            }
        }
    }
    void preflight() override {
        if (refuse_preflight_) {
            throw terway::Error(terway::Status::Unsupported, "this node is too old");
        }
    }
    void start(const twy_node& node) override {
        log().info("started with " + std::to_string(node.pod_cidr_count) + " ranges");
    }
    void purge() override { throw 42; }

    twy_attachment attach(const Call& call, const EndpointView& endpoint) override {
        call.put_state("attached");
        call.retire_link(7);
        log().info("attached");
        auto made = terway::sdk::sized<twy_attachment>();
        made.mtu = endpoint.mtu() == 0 ? mtu_ : endpoint.mtu();
        made.host_ifindex = call.await_retired() ? 1 : 2;
        made.pod_ifindex = static_cast<std::uint32_t>(call.deadline_ms());
        return made;
    }
    void activate(const Call&, const EndpointView&, const twy_attachment&) override {}
    void detach(const Call&, const EndpointView&) override {}
    void check(const Call&, const EndpointView&) override {
        throw terway::Error(terway::Status::Gone, "the link is gone\nreally", ENODEV);
    }
    twy_attachment adopt(const Call& call, const EndpointView&) override {
        call.put_state(std::string((64U << 10U) + 1, 'x'));
        return terway::sdk::sized<twy_attachment>();
    }

    void attach_qos(const Call&, const EndpointView&, const twy_attachment&) override {}
    void detach_qos(const Call&, const EndpointView&) override {}
    void check_qos(const Call&, const EndpointView&, const twy_attachment&) override {}
    void adopt_qos(const Call&, const EndpointView&, const twy_attachment&) override {}
    twy_limits observe_qos(const Call&, const EndpointView&, const twy_attachment&) override {
        return terway::sdk::sized<twy_limits>();
    }

private:
    std::uint32_t mtu_ = 0;
    bool refuse_preflight_ = false;
};

}  // namespace

TERWAY_MODULE(Good, "good", "1.2.3", "kernel>=4.19", "netdev:veth");
