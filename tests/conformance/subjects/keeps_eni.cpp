// Laws 1 and 15 of dataplanes that lend whole ENIs: the ENI stays in the pod, and nobody looks at
// one that no pod has.
#include <algorithm>
#include <span>
#include <string>
#include <terway/module.hpp>

#include "base/address.hpp"
#include "netlink/link.hpp"

namespace {

using terway::sdk::Call;
using terway::sdk::EndpointView;
using terway::sdk::EniView;
namespace netlink = terway::netlink;

class KeepsEni final : public terway::sdk::Module,
                       public terway::sdk::Dataplane,
                       public terway::sdk::Eni {
public:
    using Module::Module;

    void configure(terway::sdk::Config&) override {}

    twy_attachment attach(const Call&, const EndpointView& endpoint) override {
        netlink::Socket host;
        netlink::LinkChange into;
        into.netns_fd = endpoint.netns_fd();
        into.name = std::string(endpoint.ifname());
        netlink::change_link(host, required(host, endpoint.eni_mac()).index, into);
        return terway::sdk::sized<twy_attachment>();
    }
    void activate(const Call&, const EndpointView&, const twy_attachment&) override {}
    void detach(const Call&, const EndpointView&) override {}
    void check(const Call&, const EndpointView&) override {}
    twy_attachment adopt(const Call&, const EndpointView&) override {
        return terway::sdk::sized<twy_attachment>();
    }

    void prepare_eni(const Call&, const EniView& eni) override {
        netlink::Socket host;
        (void)required(host, eni.mac());
    }
    void check_eni(const Call& call, const EniView& eni) override { prepare_eni(call, eni); }
    void forget_eni(const Call&, const EniView&) override {}

private:
    static netlink::Link required(netlink::Socket& host, std::span<const std::uint8_t, 6> bytes) {
        terway::Mac mac;
        std::copy(bytes.begin(), bytes.end(), mac.bytes.begin());
        const auto link = netlink::find_nic(host, mac);
        if (!link) {
            throw terway::Error(terway::Status::Gone, "the ENI is not in the host's namespace");
        }
        return *link;
    }
};

}  // namespace

TERWAY_MODULE(KeepsEni, "test.keeps_eni", "1", "eni:exclusive");
