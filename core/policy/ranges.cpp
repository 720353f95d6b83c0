#include "policy/ranges.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace terway::policy {
namespace {

using Ranges = std::vector<AddressRange>;

// The neighbour in the family; nullopt past its ends.
std::optional<IpAddress> before(const IpAddress& address) {
    std::array<std::uint8_t, 16> bytes{};
    const auto from = address.bytes();
    std::copy(from.begin(), from.end(), bytes.begin());
    for (std::size_t at = from.size(); at-- > 0;) {
        if (bytes[at]-- != 0) {
            return IpAddress(address.family(), {bytes.data(), from.size()});
        }
    }
    return std::nullopt;
}

std::optional<IpAddress> after(const IpAddress& address) {
    const auto next = address.plus(1);
    return next > address ? std::optional(next) : std::nullopt;
}

AddressRange range_of(const Prefix& prefix) {
    return {prefix.network().address(), prefix.last()};
}

Ranges merged(Ranges ranges) {
    std::sort(ranges.begin(), ranges.end());
    Ranges out;
    for (const auto& range : ranges) {
        if (!out.empty() && out.back().first.family() == range.first.family()) {
            auto& last = out.back().last;
            const auto next = after(last);
            if (!next || range.first <= *next) {
                last = std::max(last, range.last);
                continue;
            }
        }
        out.push_back(range);
    }
    return out;
}

// `block` without its exceptions.
void append(Ranges& out, const kube::IpBlock& block) {
    const auto whole = range_of(block.cidr);
    Ranges holes;
    for (const auto& hole : block.except) {
        if (hole.family() == block.cidr.family() && hole.overlaps(block.cidr)) {
            holes.push_back(range_of(hole));
        }
    }
    std::optional<IpAddress> from = whole.first;
    for (const auto& hole : merged(std::move(holes))) {
        if (from && *from < hole.first) {
            out.push_back({*from, *before(hole.first)});
        }
        from = after(hole.last);
        if (from && *from > whole.last) {
            from.reset();
        }
        if (!from) {
            return;
        }
    }
    out.push_back({*from, whole.last});
}

}  // namespace

std::vector<AddressRange> ranges_of(const std::vector<kube::IpBlock>& blocks) {
    Ranges all;
    for (const auto& block : blocks) {
        append(all, block);
    }
    return merged(std::move(all));
}

std::vector<Prefix> prefixes_of(const AddressRange& range) {
    std::vector<Prefix> out;
    std::optional<IpAddress> from = range.first;
    while (from && *from <= range.last) {
        // The widest that begins here and does not reach too far.
        unsigned length = from->bits();
        while (length > 0) {
            const Prefix wider(*from, length - 1);
            if (wider.network().address() != *from || wider.last() > range.last) {
                break;
            }
            --length;
        }
        out.emplace_back(*from, length);
        from = after(out.back().last());
    }
    return out;
}

bool contains(const std::vector<AddressRange>& ranges, const IpAddress& address) {
    const auto next =
        std::upper_bound(ranges.begin(), ranges.end(), address,
                         [](const IpAddress& a, const AddressRange& r) { return a < r.first; });
    return next != ranges.begin() && std::prev(next)->contains(address);
}

}  // namespace terway::policy
