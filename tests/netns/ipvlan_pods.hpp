// Pods on ENIs, each a slave of its ENI.
#pragma once

#include <memory>
#include <string>

#include "eni_pods.hpp"

namespace terway::test {

class IpvlanPods : public EniPods {
protected:
    static constexpr const char* kServices =
        "service_cidrs = [\"172.21.0.0/16\", \"fd00:21::/112\"]\n"
        "host_stack_cidrs = [\"169.254.20.10/32\", \"fd00:20::10/128\"]\n";

    explicit IpvlanPods(const std::string& options = kServices) { configure(options); }

    // For the next start.
    void configure(const std::string& options) {
        auto& settings = cloud_.node().settings();
        settings.dataplane = "ipvlan";
        settings.modules = "[module.ipvlan]\n" + options;
    }

    [[nodiscard]] static IpAddress of_family(const char* v4, const char* v6) {
        return ip(GetParam() == Family::V4 ? v4 : v6);
    }
    [[nodiscard]] static IpAddress service() { return of_family("172.21.0.1", "fd00:21::1"); }

    std::unique_ptr<Daemon> daemon_;
};

inline std::string family_name(const testing::TestParamInfo<Family>& family) {
    return family.param == Family::V4 ? "IPv4" : "IPv6";
}

}  // namespace terway::test
