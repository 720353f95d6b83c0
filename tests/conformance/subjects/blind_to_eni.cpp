// Law 15: check of an ENI does not look.
#include "routed_eni.hpp"

namespace {

class Broken final : public example::RoutedEni {
public:
    using RoutedEni::RoutedEni;
    void check_eni(const example::Call&, const terway::sdk::EniView&) override {}
};

}  // namespace

TERWAY_MODULE(Broken, "test.blind_to_eni", "1");
