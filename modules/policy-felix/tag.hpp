// What every rule of an endpoint's chain says of the whole chain, in its comment: a daemon that
// finds some of them gone knows what they led to. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "names.hpp"
#include "netlink/nft_read.hpp"

namespace terway::felix {

struct Place;  // plan.hpp

struct Tag {
    std::string group = {};  // the one that is in force; empty: the endpoint is closed
    std::size_t rules = 0;   // that the group has
    bool is_lost = false;    // closed because its rules were lost while nobody knew them

    [[nodiscard]] std::string text() const;
    // Of a chain of this direction; nothing if the text is not one of ours.
    [[nodiscard]] static std::optional<Tag> parse(Direction direction, std::string_view text);
    bool operator==(const Tag&) const = default;
};

struct Finding {
    enum class State : std::uint8_t {
        Whole,
        Damaged,  // but what it led to is known
        Lost
    };
    State state = State::Lost;
    Tag tag = {};
    // Whether the tag says how many rules the group has; earlier versions wrote none.
    bool is_counted = true;
};

// What an endpoint's chain is, judged by its rules alone.
[[nodiscard]] Finding judge(Direction direction, const std::string& link,
                            const std::vector<netlink::nft::RuleFacts>& rules, const Place& place);

}  // namespace terway::felix
