// A module whose verbs each break one law.
#include <sched.h>
#include <unistd.h>

#include "terway/module.hpp"

namespace {

using terway::sdk::Call;
using terway::sdk::Config;
using terway::sdk::EndpointView;

class Wild final : public terway::sdk::Module, public terway::sdk::Dataplane {
public:
    using Module::Module;
    void configure(Config&) override {}

    // Throws what nobody expects.
    twy_attachment attach(const Call&, const EndpointView&) override { throw 42; }
    // Hangs until the other end of the pipe in netns_fd is closed.
    void activate(const Call&, const EndpointView& endpoint, const twy_attachment&) override {
        char byte = 0;
        while (::read(endpoint.netns_fd(), &byte, 1) > 0) {
        }
    }
    // Forgets to come home.
    void detach(const Call&, const EndpointView& endpoint) override {
        if (::setns(endpoint.netns_fd(), CLONE_NEWNET) != 0) {
            throw terway::system_error("enter the sandbox", errno);
        }
    }
    // Crashes.
    void check(const Call&, const EndpointView&) override {
        volatile int* nowhere = nullptr;
        *nowhere = 1;
    }
    twy_attachment adopt(const Call&, const EndpointView&) override {
        return terway::sdk::sized<twy_attachment>();
    }
};

}  // namespace

TERWAY_MODULE(Wild, "wild", "1.0.0");
