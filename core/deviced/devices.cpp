#include "deviced/devices.hpp"

#include <algorithm>
#include <charconv>

namespace terway::deviced {
namespace {

constexpr std::string_view kPrefix = "eni-";

// Numbers before anything else, and those in their order.
bool comes_before(const std::string& one, const std::string& other) {
    const auto first = device_index(one);
    const auto second = device_index(other);
    if (first && second) {
        return *first < *second;
    }
    return first.has_value() != second.has_value() ? first.has_value() : one < other;
}

}  // namespace

std::string device_id(Index index) {
    return std::string(kPrefix) + std::to_string(index);
}

std::optional<Index> device_index(std::string_view id) {
    if (id.substr(0, kPrefix.size()) != kPrefix) {
        return std::nullopt;
    }
    const auto digits = id.substr(kPrefix.size());
    Index index = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    return whole && device_id(index) == id ? std::optional(index) : std::nullopt;
}

std::size_t healthy_count(const Supply& supply) {
    const auto sound = supply.capacity - std::min(supply.capacity, supply.missing);
    return std::max(sound, supply.allocated);
}

DeviceList list_devices(std::size_t total, std::size_t healthy, const std::set<Index>& given) {
    DeviceList list;
    list.reserve(total);
    for (Index index = 0; index < total; ++index) {
        list.push_back({device_id(index), true});
    }
    auto surplus = total - std::min(total, healthy);
    for (const bool held : {false, true}) {
        for (Index index = total; index > 0 && surplus > 0; --index) {
            if (given.contains(index - 1) == held) {
                list[index - 1].healthy = false;
                --surplus;
            }
        }
    }
    return list;
}

std::vector<std::string> prefer(std::vector<std::string> available, std::vector<std::string> must,
                                std::size_t size) {
    std::sort(available.begin(), available.end(), comes_before);
    auto chosen = std::move(must);
    chosen.resize(std::min(chosen.size(), size));
    for (auto& id : available) {
        if (chosen.size() == size) {
            break;
        }
        if (std::find(chosen.begin(), chosen.end(), id) == chosen.end()) {
            chosen.push_back(std::move(id));
        }
    }
    return chosen;
}

}  // namespace terway::deviced
