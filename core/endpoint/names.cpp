#include "endpoint/names.hpp"

#include <fnmatch.h>

#include <algorithm>

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

std::string sticky_name(const std::vector<std::string>& patterns, const EndpointSpec& spec) {
    if (spec.pod_name.empty() || spec.key.ifname != "eth0") {
        return {};
    }
    auto name = spec.pod_namespace + "/" + spec.pod_name;
    const bool sticky = std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
        return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME) == 0;
    });
    return sticky ? name : std::string();
}

}  // namespace terway::endpoint
