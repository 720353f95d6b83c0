#include "netlink/tc_match.hpp"

#include <linux/pkt_cls.h>

#include <cstring>

#include "netlink/parse.hpp"

namespace terway::netlink {
namespace {

constexpr std::size_t kWord = sizeof(std::uint32_t);
// Where in a header of IPv4 and of IPv6 the source is.
constexpr int kSourceV4 = 12;
constexpr int kSourceV6 = 8;
constexpr std::uint32_t kWhole = 0xffffffff;

std::vector<std::uint8_t> selector_of(const std::vector<tc_u32_key>& keys) {
    tc_u32_sel selector{};
    selector.flags = TC_U32_TERMINAL;
    selector.nkeys = static_cast<std::uint8_t>(keys.size());
    const auto size = keys.size() * sizeof(tc_u32_key);
    std::vector<std::uint8_t> bytes(sizeof selector + size);
    std::memcpy(bytes.data(), &selector, sizeof selector);
    std::memcpy(bytes.data() + sizeof selector, keys.data(), size);
    return bytes;
}

std::vector<tc_u32_key> keys_of(const nlattr* selector) {
    const auto head = struct_of<tc_u32_sel>(selector);
    std::vector<tc_u32_key> keys(head.nkeys);
    const auto size = keys.size() * sizeof(tc_u32_key);
    if (selector == nullptr ||
        static_cast<std::size_t>(nla_len(selector)) < sizeof(tc_u32_sel) + size) {
        return {};
    }
    std::memcpy(keys.data(), static_cast<const char*>(nla_data(selector)) + sizeof(tc_u32_sel),
                size);
    return keys;
}

}  // namespace

std::vector<std::uint8_t> u32_selector(const std::optional<IpAddress>& source) {
    if (!source) {
        return selector_of({tc_u32_key{}});  // no bit of the first word need be set
    }
    const auto bytes = source->bytes();
    std::vector<tc_u32_key> keys(bytes.size() / kWord);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        keys[i].mask = kWhole;
        std::memcpy(&keys[i].val, bytes.data() + i * kWord, kWord);
        keys[i].off = (source->is_v4() ? kSourceV4 : kSourceV6) + static_cast<int>(i * kWord);
    }
    return selector_of(keys);
}

std::optional<IpAddress> u32_source(const nlattr* selector) {
    const auto keys = keys_of(selector);
    const bool v4 = keys.size() == 1;
    if (!v4 && keys.size() != 4) {
        return std::nullopt;
    }
    std::vector<std::uint8_t> bytes(keys.size() * kWord);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto offset = (v4 ? kSourceV4 : kSourceV6) + static_cast<int>(i * kWord);
        if (keys[i].mask != kWhole || keys[i].off != offset || keys[i].offmask != 0) {
            return std::nullopt;
        }
        std::memcpy(bytes.data() + i * kWord, &keys[i].val, kWord);
    }
    return IpAddress(v4 ? Family::V4 : Family::V6, bytes);
}

}  // namespace terway::netlink
