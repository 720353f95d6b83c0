// The node's side of an ENI: finding its NIC and making it ready for pods. The pool asks, the
// daemon does.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/time.hpp"
#include "cloud/api.hpp"
#include "pool/address_pool.hpp"

namespace terway::pool {

// Any thread.
class Nics {
public:
    virtual ~Nics() = default;
    // The index of the NIC with that MAC in the host's network namespace.
    [[nodiscard]] virtual std::optional<std::uint32_t> find(const Mac& mac) = 0;
    // Returns when a NIC came or went since the last call, when patience ends or a stop is
    // requested; whichever is first.
    virtual void await_change(const cloud::Patience& patience) = 0;
    // Addresses, routes and whatever the dataplane needs on the NIC. Idempotent; repairs. Throws
    // Error.
    virtual void prepare(const EniPlace& eni) = 0;
    // The opposite, before the ENI is detached or after it has vanished. Throws Error.
    virtual void forget(const EniPlace& eni) = 0;
};

}  // namespace terway::pool
