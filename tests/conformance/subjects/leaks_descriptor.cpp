// Law 10: attach keeps the sandbox open for ever.
#include <fcntl.h>

#include "routed.hpp"

namespace {

class Broken final : public example::Routed {
public:
    using Routed::Routed;
    twy_attachment attach(const example::Call& call,
                          const example::EndpointView& endpoint) override {
        (void)::fcntl(endpoint.netns_fd(), F_DUPFD_CLOEXEC, 0);
        return Routed::attach(call, endpoint);
    }
};

}  // namespace

TERWAY_MODULE(Broken, "test.leaks_descriptor", "1");
