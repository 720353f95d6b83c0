// picky: a policy that does nothing, but only where the dataplane has a link on the host.
#include <terway/module.hpp>

namespace {

namespace sdk = terway::sdk;

class Picky final : public sdk::Module, public sdk::Policy {
public:
    using Module::Module;

    void configure(sdk::Config&) override {}
    void attach_policy(const sdk::Call&, const sdk::EndpointView&, const twy_attachment&) override {
    }
    void detach_policy(const sdk::Call&, const sdk::EndpointView&) override {}
    void check_policy(const sdk::Call&, const sdk::EndpointView&, const twy_attachment&) override {}
    void adopt_policy(const sdk::Call&, const sdk::EndpointView&, const twy_attachment&) override {}
    void apply(const sdk::Call&, const twy_policy_update&) override {}
    twy_policy_counters observe_policy(const sdk::Call&, const sdk::EndpointView&,
                                       const twy_attachment&) override {
        return sdk::sized<twy_policy_counters>();
    }
};

}  // namespace

TERWAY_MODULE(Picky, "picky", "1.0.0", "needs:host-link");
