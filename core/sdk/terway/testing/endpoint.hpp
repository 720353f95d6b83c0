// An endpoint put together by hand.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "terway/abi.h"
#include "terway/error.hpp"
#include "terway/types.hpp"

namespace terway::sdk::testing {

// "10.0.0.5", "10.0.0.0/8", "fd00::5". A host prefix unless a length is given. Throws
// Error(Invalid).
[[nodiscard]] inline twy_prefix prefix(std::string_view text) {
    const auto slash = text.find('/');
    const std::string address(text.substr(0, slash));
    twy_prefix made{};
    if (::inet_pton(AF_INET, address.c_str(), made.bytes) == 1) {
        made.family = 4;
        made.length = 32;
    } else if (::inet_pton(AF_INET6, address.c_str(), made.bytes) == 1) {
        made.family = 6;
        made.length = 128;
    } else {
        throw Error(Status::Invalid, "\"" + address + "\" is no IP address");
    }
    if (slash != std::string_view::npos) {
        const std::string digits(text.substr(slash + 1));
        char* end = nullptr;
        const auto length = std::strtoul(digits.c_str(), &end, 10);
        if (digits.empty() || *end != '\0' || length > made.length) {
            throw Error(Status::Invalid, "\"" + std::string(text) + "\" is no prefix");
        }
        made.length = static_cast<std::uint8_t>(length);
    }
    return made;
}

// Owns what the twy_endpoint it makes points to. The sandbox's descriptor stays the caller's.
class EndpointBuilder {
public:
    explicit EndpointBuilder(std::string container_id, std::string ifname = "eth0")
        : container_id_(std::move(container_id)),
          ifname_(std::move(ifname)),
          host_ifname_("cali" + container_id_.substr(0, 11)) {}

    // -1: gone or out of reach.
    EndpointBuilder& netns(int fd) {
        netns_fd_ = fd;
        return *this;
    }
    // "cali" and the first eleven characters of the container id unless said otherwise.
    EndpointBuilder& host_ifname(std::string name) {
        host_ifname_ = std::move(name);
        return *this;
    }
    EndpointBuilder& pod(std::string pod_namespace, std::string name, std::string uid = "") {
        pod_namespace_ = std::move(pod_namespace);
        pod_name_ = std::move(name);
        pod_uid_ = std::move(uid);
        return *this;
    }
    EndpointBuilder& address(std::string_view text) {
        addresses_.push_back(prefix(text));
        return *this;
    }
    EndpointBuilder& gateway(std::string_view text) {
        gateways_.push_back(prefix(text));
        return *this;
    }
    EndpointBuilder& eni(std::uint32_t ifindex) {
        eni_ifindex_ = ifindex;
        return *this;
    }
    EndpointBuilder& eni_mac(const std::array<std::uint8_t, 6>& bytes) {
        eni_mac_ = bytes;
        return *this;
    }
    EndpointBuilder& eni_id(std::string id) {
        eni_id_ = std::move(id);
        return *this;
    }
    // Of the ENI's vSwitch.
    EndpointBuilder& subnet(std::string_view text) {
        subnets_.push_back(prefix(text));
        return *this;
    }
    EndpointBuilder& mtu(std::uint32_t bytes) {
        mtu_ = bytes;
        return *this;
    }
    EndpointBuilder& limits(std::uint64_t ingress_bps, std::uint64_t egress_bps) {
        ingress_bps_ = ingress_bps;
        egress_bps_ = egress_bps;
        return *this;
    }
    EndpointBuilder& bursts(std::uint64_t ingress_bits, std::uint64_t egress_bits) {
        ingress_burst_ = ingress_bits;
        egress_burst_ = egress_bits;
        return *this;
    }
    // TWY_PRIORITY_...
    EndpointBuilder& priority(std::uint32_t priority) {
        priority_ = priority;
        return *this;
    }
    // What the module is told it gave to put_state.
    EndpointBuilder& state(std::string bytes) {
        state_ = std::move(bytes);
        return *this;
    }

    // The same key and nothing else: what a daemon that remembers nothing passes to detach.
    [[nodiscard]] EndpointBuilder key_alone() const {
        return EndpointBuilder(container_id_, ifname_).host_ifname(host_ifname_);
    }
    [[nodiscard]] const std::string& container_id() const noexcept { return container_id_; }
    [[nodiscard]] const std::string& ifname() const noexcept { return ifname_; }
    [[nodiscard]] const std::string& host_ifname() const noexcept { return host_ifname_; }
    [[nodiscard]] const std::string& state() const noexcept { return state_; }
    [[nodiscard]] const std::vector<twy_prefix>& addresses() const noexcept { return addresses_; }
    [[nodiscard]] int netns_fd() const noexcept { return netns_fd_; }
    [[nodiscard]] std::uint32_t mtu() const noexcept { return mtu_; }

    // Valid until the builder changes or goes.
    [[nodiscard]] twy_endpoint raw() const {
        auto made = sized<twy_endpoint>();
        made.netns_fd = netns_fd_;
        made.container_id = str(container_id_);
        made.ifname = str(ifname_);
        made.host_ifname = str(host_ifname_);
        made.pod_namespace = str(pod_namespace_);
        made.pod_name = str(pod_name_);
        made.pod_uid = str(pod_uid_);
        made.addresses = addresses_.data();
        made.address_count = addresses_.size();
        made.gateways = gateways_.data();
        made.gateway_count = gateways_.size();
        made.eni_ifindex = eni_ifindex_;
        made.mtu = mtu_;
        made.ingress_bps = ingress_bps_;
        made.egress_bps = egress_bps_;
        made.state = str(state_);
        std::copy(eni_mac_.begin(), eni_mac_.end(), made.eni_mac);
        made.eni_id = str(eni_id_);
        made.subnets = subnets_.data();
        made.subnet_count = subnets_.size();
        made.ingress_burst = ingress_burst_;
        made.egress_burst = egress_burst_;
        made.priority = priority_;
        return made;
    }

private:
    std::string container_id_;
    std::string ifname_;
    std::string host_ifname_;
    std::string pod_namespace_ = "default";
    std::string pod_name_ = "pod";
    std::string pod_uid_;
    std::vector<twy_prefix> addresses_;
    std::vector<twy_prefix> gateways_;
    std::vector<twy_prefix> subnets_;
    std::string state_;
    std::string eni_id_;
    std::array<std::uint8_t, 6> eni_mac_{};
    int netns_fd_ = -1;
    std::uint32_t eni_ifindex_ = 0;
    std::uint32_t mtu_ = 0;
    std::uint64_t ingress_bps_ = 0;
    std::uint64_t egress_bps_ = 0;
    std::uint64_t ingress_burst_ = 0;
    std::uint64_t egress_burst_ = 0;
    std::uint32_t priority_ = TWY_PRIORITY_NONE;
};

}  // namespace terway::sdk::testing
