#include "profile/service_section.hpp"

namespace terway::profile {

void read_service(Section& service, Service& into) {
    into.place = service.place_of("by").value_or(Place{});
    service.choice("by", into.by,
                   {{"kube-proxy", ServiceBy::KubeProxy}, {"module", ServiceBy::Module}});
}

}  // namespace terway::profile
