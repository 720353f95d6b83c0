// Updates of Services put together by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "terway/abi.h"
#include "terway/testing/endpoint.hpp"
#include "terway/types.hpp"

namespace terway::sdk::testing {

// Owns everything the twy_service_update it makes points to.
class ServiceBuilder {
public:
    // A frontend without backends; what follows is said of it.
    ServiceBuilder& frontend(const std::string& address, std::uint16_t port,
                             std::uint8_t protocol = 6, std::string service = "default/test") {
        auto& made = frontends_.emplace_back();
        made.key = key(address, port, protocol);
        made.service = std::move(service);
        return *this;
    }
    ServiceBuilder& backend(const std::string& address, std::uint16_t port,
                            std::uint8_t state = TWY_BACKEND_READY) {
        const twy_prefix of = prefix(address);
        twy_backend made{state, 0, port, {}};
        std::copy(of.bytes, of.bytes + 16, made.address);
        frontends_.back().backends.push_back(made);
        return *this;
    }
    ServiceBuilder& affinity(std::uint32_t seconds) {
        frontends_.back().affinity_seconds = seconds;
        return *this;
    }
    ServiceBuilder& drops_without_backends() {
        frontends_.back().without_backends = TWY_DROP;
        return *this;
    }
    ServiceBuilder& gone(const std::string& address, std::uint16_t port,
                         std::uint8_t protocol = 6) {
        gone_.push_back(key(address, port, protocol));
        return *this;
    }

    // Valid until the builder changes, goes, or makes another.
    [[nodiscard]] twy_service_update full(std::uint64_t revision) { return raw(revision, true); }
    [[nodiscard]] twy_service_update difference(std::uint64_t revision) {
        return raw(revision, false);
    }

    static twy_frontend_key key(const std::string& address, std::uint16_t port,
                                std::uint8_t protocol) {
        const twy_prefix of = prefix(address);
        twy_frontend_key made{of.family, protocol, port, {}};
        std::copy(of.bytes, of.bytes + 16, made.address);
        return made;
    }

private:
    struct Frontend {
        twy_frontend_key key{};
        std::string service;
        std::uint8_t without_backends = TWY_REFUSE;
        std::uint32_t affinity_seconds = 0;
        std::vector<twy_backend> backends;
    };

    static bool comes_before(const twy_backend& a, const twy_backend& b) {
        const int order = std::memcmp(a.address, b.address, sizeof a.address);
        return order < 0 || (order == 0 && a.port < b.port);
    }

    twy_service_update raw(std::uint64_t revision, bool is_full) {
        raw_.clear();
        pointers_.clear();
        for (auto& each : frontends_) {
            std::sort(each.backends.begin(), each.backends.end(), comes_before);
            auto& made = raw_.emplace_back(sized<twy_frontend>());
            made.without_backends = each.without_backends;
            made.key = each.key;
            made.affinity_seconds = each.affinity_seconds;
            made.backends = each.backends.data();
            made.backend_count = each.backends.size();
            made.service = str(each.service);
            pointers_.push_back(&made);
        }
        auto made = sized<twy_service_update>();
        made.is_full = is_full ? 1 : 0;
        made.revision = revision;
        made.frontends = pointers_.data();
        made.frontend_count = pointers_.size();
        made.gone = gone_.data();
        made.gone_count = gone_.size();
        return made;
    }

    std::deque<Frontend> frontends_;
    std::vector<twy_frontend_key> gone_;
    std::deque<twy_frontend> raw_;
    std::vector<const twy_frontend*> pointers_;
};

}  // namespace terway::sdk::testing
