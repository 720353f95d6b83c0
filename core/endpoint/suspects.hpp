// What somebody may have changed in the kernel behind our back. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>

#include "base/address.hpp"
#include "endpoint/record.hpp"

namespace terway::endpoint {

struct Suspects {
    bool everything = false;
    std::set<IpAddress> addresses;    // of endpoints: a route or a rule of theirs is gone
    std::set<std::uint32_t> indexes;  // of links in the host's network namespace
    std::set<Mac> macs;               // of links that went; those made for an ENI have its MAC
    bool shared = false;              // what serves all ENIs: a general rule, a default route

    [[nodiscard]] bool empty() const {
        return !everything && !shared && addresses.empty() && indexes.empty() && macs.empty();
    }
    [[nodiscard]] bool concern(std::uint32_t ifindex) const {
        return everything || indexes.contains(ifindex);
    }
    [[nodiscard]] bool concern_eni(std::uint32_t ifindex, const Mac& mac) const {
        return shared || concern(ifindex) || macs.contains(mac);
    }
    [[nodiscard]] bool concern(const EndpointRecord& record) const {
        const auto& own = record.spec.addresses;
        // One without a link of its own on the host may live on one that serves all of its ENI.
        const auto& made = record.attachment;
        const bool by_link = made && (made->host_ifindex == 0 ? macs.contains(record.spec.eni_mac)
                                                              : concern(made->host_ifindex));
        return by_link || everything ||
               std::any_of(own.begin(), own.end(), [this](const Prefix& prefix) {
                   return addresses.contains(prefix.address());
               });
    }
};

}  // namespace terway::endpoint
