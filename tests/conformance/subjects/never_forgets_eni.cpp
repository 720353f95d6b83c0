// Law 14: forget of an ENI leaves its table.
#include "routed_eni.hpp"

namespace {

class Broken final : public example::RoutedEni {
public:
    using RoutedEni::RoutedEni;
    void forget_eni(const example::Call&, const terway::sdk::EniView&) override {}
};

}  // namespace

TERWAY_MODULE(Broken, "test.never_forgets_eni", "1");
