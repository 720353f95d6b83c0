// The bandwidth a pod's annotations ask for. Pure.
//
//     k8s.aliyun.com/ingress-bandwidth: 1M    bytes a second, powers of 1024: 8 388 608 bit/s
//     kubernetes.io/ingress-bandwidth: 1M     bits a second, a quantity of Kubernetes: 1 000 000
//     bit/s
//
// and egress likewise. Where a pod has both, the second counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace terway::endpoint {

// Bits a second; 0: no limit.
struct Rates {
    std::uint64_t ingress = 0;
    std::uint64_t egress = 0;

    bool operator==(const Rates&) const = default;
};

// Throws Error(Invalid) naming annotation, value and accepted form.
[[nodiscard]] Rates rates_of(const std::map<std::string, std::string>& annotations);
// None where they cannot be read.
[[nodiscard]] Rates rates_if_any(const std::map<std::string, std::string>& annotations);

// A number and one of B, K, M, G, T, also as KB or KiB, in any case: bytes a second. Answers bits a
// second. Throws Error(Invalid) with the accepted form.
[[nodiscard]] std::uint64_t terway_rate(std::string_view text);
// A quantity of Kubernetes in bits a second, rounded up, from 1k to 1P as Kubernetes has it:
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
[[nodiscard]] std::uint64_t kubernetes_rate(std::string_view text);

}  // namespace terway::endpoint
