// An ENI put together by hand.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "terway/abi.h"
#include "terway/testing/endpoint.hpp"
#include "terway/types.hpp"

namespace terway::sdk::testing {

// Owns what the twy_eni it makes points to.
class EniBuilder {
public:
    explicit EniBuilder(std::string id) : id_(std::move(id)) {}

    // 0: the NIC has vanished from the node.
    EniBuilder& ifindex(std::uint32_t index) {
        ifindex_ = index;
        return *this;
    }
    EniBuilder& mac(const std::array<std::uint8_t, 6>& bytes) {
        mac_ = bytes;
        return *this;
    }
    EniBuilder& subnet(std::string_view text) {
        subnets_.push_back(prefix(text));
        return *this;
    }
    EniBuilder& gateway(std::string_view text) {
        gateways_.push_back(prefix(text));
        return *this;
    }
    EniBuilder& other(std::string_view text) {
        others_.push_back(prefix(text));
        return *this;
    }

    // Valid until the builder changes or goes.
    [[nodiscard]] twy_eni raw() const {
        auto made = sized<twy_eni>();
        made.ifindex = ifindex_;
        std::copy(mac_.begin(), mac_.end(), made.mac);
        made.id = str(id_);
        made.subnets = subnets_.data();
        made.subnet_count = subnets_.size();
        made.gateways = gateways_.data();
        made.gateway_count = gateways_.size();
        made.others = others_.data();
        made.other_count = others_.size();
        return made;
    }

private:
    std::string id_;
    std::uint32_t ifindex_ = 0;
    std::array<std::uint8_t, 6> mac_{};
    std::vector<twy_prefix> subnets_;
    std::vector<twy_prefix> gateways_;
    std::vector<twy_prefix> others_;
};

}  // namespace terway::sdk::testing
