// Law 16: prepare of an ENI says nothing when the kernel refuses.
#include "routed_eni.hpp"

namespace {

class Broken final : public example::RoutedEni {
public:
    using RoutedEni::RoutedEni;
    void prepare_eni(const example::Call&, const terway::sdk::EniView& eni) override {
        try {
            terway::netlink::Socket host;
            terway::netlink::ensure_route(host, way_out(eni));
        } catch (const terway::Error&) {
        }
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.hides_eni_failure", "1");
