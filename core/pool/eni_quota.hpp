// How much an ENI can carry and how much one call can ask for. Pure.
#pragma once

#include <cstddef>

#include "cloud/eni.hpp"
#include "pool/eni_book.hpp"
#include "pool/eni_settings.hpp"

namespace terway::pool {

class EniQuota {
public:
    EniQuota(const EniSettings& settings, cloud::InstanceLimits limits)
        : settings_(settings), limits_(std::move(limits)) {}

    [[nodiscard]] std::size_t enis() const;       // secondary ones at most
    [[nodiscard]] std::size_t endpoints() const;  // of one ENI at most
    // How many more endpoints the ENI could serve if it had all the addresses it may have.
    [[nodiscard]] std::size_t spare(const EniEntry& eni) const;

    // What to ask for with a new ENI for so many endpoints, and how many of them that serves.
    [[nodiscard]] cloud::AddressWish creation(std::size_t endpoints) const;
    [[nodiscard]] std::size_t served_by(const cloud::AddressWish& creation) const;
    // What to add to an ENI so that it can serve so many endpoints more at once.
    [[nodiscard]] cloud::AddressWish addition(const EniEntry& eni, std::size_t endpoints) const;
    [[nodiscard]] std::size_t served_by(const EniEntry& eni, const cloud::AddressWish& more) const;

    // The operator allows fewer ENIs than the instance type.
    [[nodiscard]] bool is_cut() const;

    [[nodiscard]] bool known() const noexcept { return limits_.enis != 0; }
    [[nodiscard]] const cloud::InstanceLimits& limits() const noexcept { return limits_; }

private:
    [[nodiscard]] std::size_t slots(Family family) const;
    [[nodiscard]] std::size_t per_slot(Family family) const;
    [[nodiscard]] std::size_t fewest(std::size_t ipv4, std::size_t ipv6) const;

    EniSettings settings_;
    cloud::InstanceLimits limits_;
};

}  // namespace terway::pool
