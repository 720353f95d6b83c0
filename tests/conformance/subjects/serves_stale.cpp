// Law 18: a full update that names nothing changes nothing.
#include "served.hpp"

namespace {

class Broken final : public example::Served {
public:
    using Served::Served;
    void apply_services(const example::Call& call, const twy_service_update& update) override {
        if (update.frontend_count + update.gone_count != 0) {
            Served::apply_services(call, update);
        }
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.serves_stale", "1");
