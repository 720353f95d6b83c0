#include "names.hpp"

namespace terway::felix {
namespace {

constexpr std::string_view kAllow = "terway allow ";
constexpr std::string_view kDeny = "terway deny ";

const char* letter(Direction direction) {
    return direction == Direction::Egress ? "o" : "i";
}

const char* group_prefix(Direction direction) {
    return direction == Direction::Egress ? "ge3_" : "gi3_";
}

}  // namespace

std::string endpoint_chain(Direction direction, std::string_view link) {
    return "p" + std::string(letter(direction)) + "_" + std::string(link);
}

std::string link_of_chain(std::string_view chain) {
    const bool is_one = chain.starts_with("po_") || chain.starts_with("pi_");
    return is_one ? std::string(chain.substr(3)) : std::string();
}

std::string counter_name(Counter counter, Direction direction, std::string_view link) {
    const auto* const word = counter == Counter::Asked     ? "asked_"
                             : counter == Counter::Refused ? "refused_"
                                                           : "late_";
    return word + std::string(letter(direction)) + "_" + std::string(link);
}

std::string group_name(Direction direction, const policy::RuleSetId& id) {
    return group_prefix(direction) + policy::text_of(id);
}

bool is_group(Direction direction, std::string_view name) {
    static const auto digits = policy::text_of(policy::RuleSetId{}).size();
    const auto kind = std::string_view(group_prefix(direction)).substr(0, 2);
    const auto line = name.find('_');
    if (!name.starts_with(kind) || line == std::string_view::npos || line == kind.size()) {
        return false;
    }
    const auto version = name.substr(kind.size(), line - kind.size());
    const auto id = name.substr(line + 1);
    return version.find_first_not_of("0123456789") == std::string_view::npos &&
           id.size() == digits &&
           id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string set_name(Family family, const policy::SetId& id) {
    return (family == Family::V4 ? "s4_" : "s6_") + policy::text_of(id);
}

std::string LogPrefix::text() const {
    return std::string(allowed ? kAllow : kDeny) + (direction == Direction::Egress ? "out" : "in") +
           (link.empty() ? "" : " " + link);
}

std::optional<LogPrefix> read_prefix(std::string_view text) {
    LogPrefix prefix;
    prefix.allowed = text.starts_with(kAllow);
    if (!prefix.allowed && !text.starts_with(kDeny)) {
        return std::nullopt;
    }
    text.remove_prefix(prefix.allowed ? kAllow.size() : kDeny.size());
    const auto word = text.substr(0, text.find(' '));
    if (word != "out" && word != "in") {
        return std::nullopt;
    }
    prefix.direction = word == "out" ? Direction::Egress : Direction::Ingress;
    prefix.link = word.size() == text.size() ? std::string_view() : text.substr(word.size() + 1);
    return prefix;
}

std::string allowed_chain(Direction direction) {
    return std::string("allowed_") + letter(direction);
}

bool is_shared(std::string_view name) {
    return name.starts_with("ge") || name.starts_with("gi") || name.starts_with("s4_") ||
           name.starts_with("s6_");
}

}  // namespace terway::felix
