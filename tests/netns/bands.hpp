// The bands of an ENI whose pods are ranked.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace terway::test {

// Packets that left, by band, of all queues.
using Bands = std::array<std::uint64_t, 3>;

// From what `tc -s class show dev ENI` says.
[[nodiscard]] Bands read_bands(const std::string& classes);

}  // namespace terway::test
