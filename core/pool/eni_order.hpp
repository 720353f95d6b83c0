// What the ledger wants done in the cloud, and what came of it. Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cloud/api_error.hpp"
#include "cloud/eni.hpp"
#include "pool/journal.hpp"

namespace terway::pool {

using OrderId = std::uint64_t;

enum class OrderKind : std::uint8_t {
    Create,    // and attach: an ENI in `vswitch` with `wish`
    Assign,    // `wish` to `eni`
    Unassign,  // `addresses` from `eni`
    Delete,    // detach and delete `eni`
    Forget,    // `eni` has vanished: clean up on the node
    Prepare,   // an endpoint that had the whole `eni` is gone: make its NIC ready for the next
};

struct Order {
    OrderId id = 0;
    OrderKind kind = OrderKind::Create;
    std::string eni;
    std::string vswitch;
    cloud::AddressWish wish;
    cloud::AddressSet addresses;
    EniPlace place;  // of `eni`
    // A call begun earlier whose outcome is unknown: to be sent again as it is, with its token.
    std::optional<PendingCall> again;
};

// Why an order was not carried out.
struct Failure {
    cloud::Reaction reaction = cloud::Reaction::Unknown;
    std::string text;
    std::chrono::milliseconds retry_after{};
    std::optional<PendingCall> open;  // the call may have had its effect and must be sent again
};

}  // namespace terway::pool
