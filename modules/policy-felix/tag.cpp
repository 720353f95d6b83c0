#include "tag.hpp"

#include <algorithm>
#include <charconv>

#include "plan.hpp"

namespace terway::felix {
namespace {

constexpr std::string_view kClosed = "closed";
constexpr std::string_view kLost = "closed: its rules were lost";
constexpr std::string_view kLeads = "leads to ";
constexpr std::string_view kOf = " of ";
constexpr std::string_view kRules = " rules";

bool is_same(const std::vector<nft::RuleFacts>& found, const nft::Chain& wanted, bool has_tags) {
    return std::equal(found.begin(), found.end(), wanted.rules.begin(), wanted.rules.end(),
                      [&](const auto& rule, const nft::Rule& plan) {
                          const auto target = plan.verdict ? plan.verdict->chain : std::string();
                          return rule.target == target &&
                                 (!has_tags || rule.comment == plan.comment);
                      });
}

// The only chain that the rules lead to; nothing if there are several.
std::optional<std::string> target_of(const std::vector<nft::RuleFacts>& rules) {
    std::string target;
    for (const auto& rule : rules) {
        if (!rule.target.empty()) {
            if (!target.empty()) {
                return std::nullopt;
            }
            target = rule.target;
        }
    }
    return target;
}

}  // namespace

std::string Tag::text() const {
    if (group.empty()) {
        return std::string(is_lost ? kLost : kClosed);
    }
    return std::string(kLeads) + group + std::string(kOf) + std::to_string(rules) +
           std::string(kRules);
}

std::optional<Tag> Tag::parse(Direction direction, std::string_view text) {
    if (text == kClosed || text == kLost) {
        return Tag{{}, 0, text == kLost};
    }
    const auto of = text.rfind(kOf);
    if (!text.starts_with(kLeads) || !text.ends_with(kRules) || of == std::string_view::npos ||
        of < kLeads.size()) {
        return std::nullopt;
    }
    Tag tag;
    tag.group = text.substr(kLeads.size(), of - kLeads.size());
    const auto number = text.substr(of + kOf.size());
    const auto* const end =
        number.data() + (number.size() - std::min(number.size(), kRules.size()));
    const auto [stop, error] = std::from_chars(number.data(), end, tag.rules);
    if (error != std::errc() || stop != end || !is_group(direction, tag.group)) {
        return std::nullopt;
    }
    return tag;
}

Finding judge(Direction direction, const std::string& link,
              const std::vector<nft::RuleFacts>& rules, const Place& place) {
    const auto target = target_of(rules);
    if (rules.empty() || !target) {
        return {};
    }
    std::optional<Tag> tag;
    for (const auto& rule : rules) {
        const auto said = Tag::parse(direction, rule.comment);
        if (said && tag && *said != *tag) {
            return {};
        }
        tag = said ? said : tag;
    }
    if (!tag) {
        const Tag guess{*target};
        const bool is_whole = is_same(rules, endpoint_plan(direction, link, guess, place), false);
        return is_whole ? Finding{Finding::State::Whole, guess, false} : Finding{};
    }
    if (!target->empty() && *target != tag->group) {
        return {};
    }
    const bool is_whole = is_same(rules, endpoint_plan(direction, link, *tag, place), true);
    return {is_whole ? Finding::State::Whole : Finding::State::Damaged, *tag};
}

}  // namespace terway::felix
