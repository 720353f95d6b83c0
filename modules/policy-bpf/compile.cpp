#include "compile.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <span>
#include <string>

#include "terway/error.hpp"

namespace terway::policy_bpf {
namespace {

constexpr std::size_t kMapped = 12;  // bytes before a v4 address: ten of 0, two of 0xff

using policy::Action;
using policy::Match;
using policy::SetKind;
using Questions = std::vector<policy_question>;

constexpr std::size_t kMostQuestions = std::size_t{POLICY_QUESTIONS} * POLICY_ELEMENTS;
constexpr unsigned kPortBits = 16;

std::uint8_t action_of(Action action) {
    switch (action) {
        case Action::Allow:
            return POLICY_ALLOW;
        case Action::Deny:
            return POLICY_DENY;
        case Action::Pass:
            return POLICY_PASS;
    }
    return POLICY_DENY;
}

std::uint8_t kind_of(SetKind kind) {
    switch (kind) {
        case SetKind::Pods:
            return POLICY_PODS;
        case SetKind::Blocks:
            return POLICY_BLOCKS;
        case SetKind::Named:
            return POLICY_NAMED;
    }
    return POLICY_PODS;
}

// The prefixes of ports that cover a range and nothing else: (first port, bits).
std::vector<std::pair<std::uint16_t, unsigned>> port_prefixes(std::uint32_t first,
                                                              std::uint32_t last) {
    std::vector<std::pair<std::uint16_t, unsigned>> out;
    while (first <= last) {
        unsigned free = 0;  // low bits that are the prefix's
        while (free < kPortBits && (first & ((2U << free) - 1)) == 0 &&
               first + (2U << free) - 1 <= last) {
            ++free;
        }
        out.emplace_back(static_cast<std::uint16_t>(first), kPortBits - free);
        first += 1U << free;
    }
    return out;
}

// What a v6 range has beside ::ffff:0:0/96, which stands for v4 addresses.
std::vector<policy::AddressRange> without_mapped(const policy::AddressRange& range) {
    if (range.first.is_v4()) {
        return {range};
    }
    const auto before = IpAddress::parse("::fffe:ffff:ffff").value();
    const auto after = IpAddress::parse("::1:0:0:0").value();
    std::vector<policy::AddressRange> out;
    if (range.first <= before) {
        out.push_back({range.first, std::min(range.last, before)});
    }
    if (range.last >= after) {
        out.push_back({std::max(range.first, after), range.last});
    }
    return out;
}

class Compiler {
public:
    explicit Compiler(const std::function<KnownSet(const policy::SetId&)>& find) : find_(find) {}

    Compiled compile(const policy::RuleSet& rules) {
        if (rules.tiers.size() > POLICY_TIERS) {
            throw Error(Status::Unsupported,
                        "rules of " + std::to_string(rules.tiers.size()) + " tiers");
        }
        out_.rules.tiers = static_cast<std::uint32_t>(rules.tiers.size());
        for (std::size_t i = 0; i < rules.tiers.size(); ++i) {
            out_.rules.otherwise[i] = action_of(rules.tiers[i].otherwise);
            add(static_cast<std::uint8_t>(i), rules.tiers[i]);
        }
        return std::move(out_);
    }

private:
    void add(std::uint8_t tier, const policy::Tier& from) {
        std::map<std::uint8_t, Questions> named;
        for (const auto& id : from.named) {
            const auto set = find_(id);
            named[policy::number_of(set.protocol)].push_back(
                {set.id, POLICY_NAMED, POLICY_ALLOW, 0});
        }
        for (const auto& each : from.classes) {
            const auto protocol = policy::number_of(each.protocol);
            auto questions = questions_of(each.matches);
            questions.insert(questions.begin(), named[protocol].begin(), named[protocol].end());
            const auto list = add_list(std::move(questions));
            for (const auto& [port, bits] : port_prefixes(each.first, each.last)) {
                add_port(tier, protocol, port, bits, list);
            }
        }
        for (auto& [protocol, questions] : named) {
            if (!questions.empty()) {
                add_port(tier, protocol, 0, 0, add_list(std::move(questions)));
            }
        }
        if (!from.other.empty()) {
            add_port(tier, 0, 0, kPortBits, add_list(questions_of(from.other)));
        }
    }

    void add_port(std::uint8_t tier, std::uint8_t protocol, std::uint16_t port, unsigned bits,
                  std::size_t list) {
        // A class of all ports stands where the names of its protocol would; it has them, too.
        const bool is_there =
            std::any_of(out_.ports.begin(), out_.ports.end(), [&](const auto& other) {
                return other.key.tier == tier && other.key.protocol == protocol &&
                       other.key.port == htons(port) &&
                       other.key.prefix_length == POLICY_PORT_BITS + bits;
            });
        if (!is_there) {
            out_.ports.push_back({{POLICY_PORT_BITS + bits, 0, tier, protocol, htons(port)}, list});
        }
    }

    std::size_t add_list(Questions questions) {
        if (questions.size() > kMostQuestions) {
            throw Error(Status::Unsupported, "rules that ask " + std::to_string(questions.size()) +
                                                 " questions for a port; more than " +
                                                 std::to_string(kMostQuestions) +
                                                 " are not possible");
        }
        out_.lists.push_back(std::move(questions));
        return out_.lists.size() - 1;
    }

    [[nodiscard]] Questions questions_of(const std::vector<Match>& matches) const {
        Questions out;
        for (const auto& match : matches) {
            if (match.peers.any) {
                out.push_back({0, POLICY_ANYBODY, action_of(match.action), 0});
            }
            for (const auto& id : match.peers.sets) {
                const auto set = find_(id);
                out.push_back({set.id, kind_of(set.kind), action_of(match.action), 0});
            }
        }
        return out;
    }

    const std::function<KnownSet(const policy::SetId&)>& find_;
    Compiled out_;
};

}  // namespace

Compiled compile(const policy::RuleSet& rules,
                 const std::function<KnownSet(const policy::SetId&)>& find) {
    return Compiler(find).compile(rules);
}

policy_address address_of(const IpAddress& address) {
    std::array<std::uint8_t, sizeof(policy_address)> bytes{};
    if (address.is_v4()) {
        bytes[kMapped - 2] = bytes[kMapped - 1] = 0xff;
        std::ranges::copy(address.bytes(), bytes.begin() + kMapped);
    } else {
        std::ranges::copy(address.bytes(), bytes.begin());
    }
    policy_address out{};
    std::memcpy(&out, bytes.data(), sizeof out);
    return out;
}

IpAddress ip_of(const policy_address& address) {
    std::array<std::uint8_t, sizeof address> bytes{};
    std::memcpy(bytes.data(), &address, sizeof address);
    const std::span all(bytes);
    const auto head = all.first(kMapped);
    const bool is_v4 =
        std::all_of(head.begin(), head.end() - 2, [](auto byte) { return byte == 0; }) &&
        head[kMapped - 2] == 0xff && head[kMapped - 1] == 0xff;
    return is_v4 ? IpAddress(Family::V4, all.subspan(kMapped)) : IpAddress(Family::V6, all);
}

std::vector<policy_block> blocks_of(std::uint32_t set, const policy::AddressRange& range) {
    std::vector<policy_block> out;
    for (const auto& part : without_mapped(range)) {
        for (const auto& prefix : policy::prefixes_of(part)) {
            const auto bits = prefix.length() + (prefix.is_v4() ? 8 * kMapped : 0);
            out.push_back({static_cast<std::uint32_t>(POLICY_BLOCK_BITS + bits), set,
                           address_of(prefix.network().address())});
        }
    }
    return out;
}

policy_member member_of(std::uint32_t set, const IpAddress& address, std::uint16_t port) {
    return {set, port, 0, address_of(address)};
}

}  // namespace terway::policy_bpf
