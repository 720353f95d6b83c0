// A ledger of a small instance, and how tests speak of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "pool/eni_ledger.hpp"

namespace terway::pool {

inline constexpr WallTime kNow{std::chrono::seconds(1'700'000'000)};

inline IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

class EniLedgerTest : public testing::Test {
protected:
    static EniSettings settings() {
        EniSettings out;
        out.min_idle = 2;
        out.max_idle = 4;
        out.vswitches = {"vsw-1", "vsw-2"};
        out.instance = "i-1";
        return out;
    }
    EniLedger& make(const EniSettings& from) {
        ledger_.emplace(from, [] { return std::uint64_t{1}; });
        ledger_->set_limits({"ecs.test", 4, 10, 10, 4, false});
        return *ledger_;
    }
    EniLedger& make() { return make(settings()); }
    // An ENI with so many IPv4 addresses: 10.0.<number>.1 is the primary one.
    static EniRecord record(unsigned number, unsigned ipv4, unsigned ipv6 = 0) {
        EniRecord out;
        out.place.id = "eni-" + std::to_string(number);
        out.vswitch = "vsw-1";
        const auto base = ip("10.0." + std::to_string(number) + ".0");
        for (unsigned i = 1; i <= ipv4; ++i) {
            out.addresses.ipv4.push_back(base.plus(i));
        }
        for (unsigned i = 1; i <= ipv6; ++i) {
            out.addresses.ipv6.push_back(ip("fd00:" + std::to_string(number) + "::").plus(i));
        }
        out.primary = base.plus(1);
        return out;
    }
    std::string lease(const Owner& owner, WallTime now = kNow, const Addresses& wanted = {},
                      const std::string& sticky = {}) {
        const auto grant = ledger_->lease({owner, sticky}, now, wanted);
        std::string out;
        if (grant) {
            for (const auto& address : grant->addresses) {
                out += (out.empty() ? "" : " ") + address.text();
            }
        }
        return out;
    }
    void fill(unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            ASSERT_NE(lease("pod-" + std::to_string(i)), "") << i;
        }
    }
    // Fills a whole node: three ENIs of ten.
    void fill_node() {
        for (unsigned i = 1; i <= 3; ++i) {
            ledger_->put_eni(record(i, 10), true);
        }
        fill(30);
    }
    static Failure failure(cloud::Reaction reaction, std::string text = "the cloud says no") {
        return {reaction, std::move(text), {}, {}};
    }

    std::optional<EniLedger> ledger_;
};

}  // namespace terway::pool
