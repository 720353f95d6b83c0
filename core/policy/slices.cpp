#include "policy/slices.hpp"

#include <map>

namespace terway::policy {
namespace {

// How many spans of each rule begin and end at a port.
using Changes = std::map<std::uint32_t, std::map<std::size_t, int>>;

void cut(std::vector<PortSlice>& out, Protocol protocol, const Changes& changes) {
    std::map<std::size_t, int> open;
    std::uint32_t from = 0;
    const auto close = [&](std::uint32_t end) {
        RuleNumbers rules;
        for (const auto& [rule, _] : open) {
            rules.push_back(rule);
        }
        auto* const last = out.empty() ? nullptr : &out.back();
        if (last != nullptr && last->protocol == protocol && last->last + 1U == from &&
            last->rules == rules) {
            last->last = static_cast<std::uint16_t>(end - 1);
        } else {
            out.push_back({protocol, static_cast<std::uint16_t>(from),
                           static_cast<std::uint16_t>(end - 1), std::move(rules)});
        }
    };
    for (const auto& [at, rules] : changes) {
        if (!open.empty()) {
            close(at);
        }
        for (const auto& [rule, change] : rules) {
            if ((open[rule] += change) == 0) {
                open.erase(rule);
            }
        }
        from = at;
    }
}

}  // namespace

std::vector<PortSlice> slices_of(const std::vector<PortSpan>& spans) {
    std::map<Protocol, Changes> changes;
    for (const auto& span : spans) {
        if (span.first <= span.last) {
            ++changes[span.protocol][span.first][span.rule];
            --changes[span.protocol][span.last + 1U][span.rule];
        }
    }
    std::vector<PortSlice> out;
    for (const auto& [protocol, each] : changes) {
        cut(out, protocol, each);
    }
    return out;
}

}  // namespace terway::policy
