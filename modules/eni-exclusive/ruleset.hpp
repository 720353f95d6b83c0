// The rules of the node, two nftables tables named "terway-exclusive": the source guard of the host
// ends, and the masquerade that makes replies come back through the node.
#pragma once

#include <string>
#include <vector>

#include "base/address.hpp"

namespace terway::eni_exclusive {

inline constexpr const char* kTable = "terway-exclusive";

// As text for nft(8); loading it again changes nothing. `node` are the addresses that pods reach
// through their host peer. Pure.
[[nodiscard]] std::string ruleset(bool masquerade, const std::vector<IpAddress>& node);

}  // namespace terway::eni_exclusive
