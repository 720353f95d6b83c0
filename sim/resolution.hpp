// Address resolution on the wire: reads ARP requests and neighbour solicitations, writes the
// answers. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.hpp"

namespace terway::sim {

struct Question {
    Mac asker;
    IpAddress from;
    IpAddress target;

    bool operator==(const Question&) const = default;
};

// Empty for anything that wants no answer: other frames, malformed ones, announcements, duplicate
// address detection.
[[nodiscard]] std::optional<Question> question_in(std::span<const std::uint8_t> frame);

// The Ethernet frame that tells the asker that the target is at `mac`; `router` sets the flag of
// the same name (IPv6).
[[nodiscard]] std::vector<std::uint8_t> answer_to(const Question& question, const Mac& mac,
                                                  bool router);

}  // namespace terway::sim
