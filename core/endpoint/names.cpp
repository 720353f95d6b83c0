#include "endpoint/names.hpp"

#include "base/digest.hpp"

namespace terway::endpoint {
namespace {

constexpr std::size_t kDigits = 11;  // 15 bytes of name less "cali"

}  // namespace

std::string host_ifname(profile::HostNames form, const EndpointSpec& spec) {
    std::string seed = spec.key.container_id + "/" + spec.key.ifname;
    if (form == profile::HostNames::Felix && !spec.pod_name.empty()) {
        seed = spec.pod_namespace + "." + spec.pod_name;
        if (spec.key.ifname != "eth0") {
            seed += spec.key.ifname;
        }
    }
    return "cali" + sha1_hex(seed).substr(0, kDigits);
}

}  // namespace terway::endpoint
