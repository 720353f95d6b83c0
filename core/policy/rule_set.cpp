#include "policy/rule_set.hpp"

#include <netinet/in.h>

#include <array>
#include <charconv>

#include "base/digest.hpp"

namespace terway::policy {
namespace {

constexpr std::size_t kDigits = 16;  // of 64 bits

std::uint64_t number_of(std::string_view hex) {
    std::uint64_t number = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
    return number;
}

template <class Id>
Id make_id(std::string_view content) {
    const auto hex = sha256_hex(content);
    const std::string_view view = hex;
    return {number_of(view.substr(0, kDigits)), number_of(view.substr(kDigits, kDigits))};
}

std::string_view word_of(Action action) {
    switch (action) {
        case Action::Allow:
            return "allow";
        case Action::Deny:
            return "deny";
        case Action::Pass:
            return "pass";
    }
    return "";
}

std::string text_of(const Tier& tier) {
    std::string text = "tier\n";
    for (const auto& each : tier.classes) {
        text.append(policy::name_of(each.protocol)).append(" ");
        text += std::to_string(each.first) + "-" + std::to_string(each.last);
        text += text_of(each.matches) + "\n";
    }
    text += "other" + text_of(tier.other) + "\n";
    for (const auto& set : tier.named) {
        text += "named " + text_of(set) + "\n";
    }
    return text.append("otherwise ").append(word_of(tier.otherwise)).append("\n");
}

}  // namespace

std::string text_of(const std::vector<Match>& matches) {
    std::string text;
    for (const auto& match : matches) {
        text.append(" ").append(word_of(match.action));
        text += match.peers.any ? " any" : "";
        for (const auto& set : match.peers.sets) {
            text.append(" ").append(text_of(set));
        }
    }
    return text;
}

std::string protocol_text(std::uint8_t number) {
    if (const auto known = protocol_by_number(number)) {
        return std::string(name_of(*known));
    }
    return number == IPPROTO_ICMP     ? "ICMP"
           : number == IPPROTO_ICMPV6 ? "ICMPv6"
                                      : "protocol " + std::to_string(number);
}

std::string_view name_of(Direction direction) {
    return direction == Direction::Ingress ? "ingress" : "egress";
}

std::string text_of(std::uint64_t high, std::uint64_t low) {
    std::string text(2 * kDigits, '0');
    std::array<char, kDigits> digits{};
    const auto put = [&](std::uint64_t number, std::size_t end) {
        const auto done = std::to_chars(digits.data(), digits.data() + kDigits, number, 16);
        const auto length = static_cast<std::size_t>(done.ptr - digits.data());
        text.replace(end - length, length, digits.data(), length);
    };
    put(high, kDigits);
    put(low, 2 * kDigits);
    return text;
}

template <>
SetId id_of<SetId>(std::string_view content) {
    return make_id<SetId>(content);
}

template <>
RuleSetId id_of<RuleSetId>(std::string_view content) {
    return make_id<RuleSetId>(content);
}

std::string text_of(const RuleSet& rules) {
    std::string text;
    for (const auto& tier : rules.tiers) {
        text += text_of(tier);
    }
    return text;
}

}  // namespace terway::policy
