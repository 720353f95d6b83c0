// The pools of a node as one: each request goes to the pool of its source, whatever concerns an
// owner or an address to whichever pool knows it.
#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "pool/address_pool.hpp"

namespace terway::pool {

// As thread-safe as its pools; has no state of its own.
class PoolSet final : public AddressPool {
public:
    // Borrows the pools. `usual` is the source of endpoints nothing special is said of.
    PoolSet(std::map<Source, AddressPool*> pools, Source usual);

    // Also throws Error(Unsupported) if no pool has such addresses.
    [[nodiscard]] Lease lease(const Claimant& who, const std::stop_token& stop, Deadline deadline,
                              const Addresses& wanted = {}) override;
    void claim(const Claimant& who, const Addresses& addresses, const std::string& eni) override;
    void restore_cooling(const CoolingAddress& cooling) override;
    void release(const Owner& owner) override;
    void give_back(const Owner& owner) override;
    [[nodiscard]] WallTime cool_until(const std::string& sticky) const override;
    void hold(const Addresses& addresses) override;
    void unhold(const Addresses& addresses) override;
    void tick() override;
    // Sums; what concerns CIDRs is that of the one pool that has them.
    [[nodiscard]] PoolPicture picture() const override;
    // Of the usual source: a node that has run out of something special still takes pods.
    [[nodiscard]] std::string trouble() const override;

private:
    [[nodiscard]] AddressPool& of(Source source) const;

    const std::map<Source, AddressPool*> pools_;
    const Source usual_;
};

}  // namespace terway::pool
