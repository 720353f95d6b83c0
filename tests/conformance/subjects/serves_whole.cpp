// Law 18: a difference is passed over, the next full update will say it.
#include "served.hpp"

namespace {

class Broken final : public example::Served {
public:
    using Served::Served;
    void apply_services(const example::Call& call, const twy_service_update& update) override {
        if (update.is_full != 0) {
            Served::apply_services(call, update);
        }
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.serves_whole", "1");
