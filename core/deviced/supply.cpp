#include "deviced/supply.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "terway/error.hpp"

namespace terway::deviced {
namespace {

namespace json = boost::json;

std::size_t number(const json::object& object, const char* name) {
    boost::system::error_code error;
    const auto* value = object.if_contains(name);
    const auto count = value == nullptr ? 0 : value->to_number<std::size_t>(error);
    if (value == nullptr || error || count > kMostDevices) {
        throw Error(Status::Invalid,
                    std::string("the daemon's pool: ") + name + " is no number of ENIs");
    }
    return count;
}

bool is_missing(const json::value& value) {
    const auto* eni = value.if_object();
    const auto* exclusive = eni == nullptr ? nullptr : eni->if_contains("exclusive");
    const auto* state = eni == nullptr ? nullptr : eni->if_contains("state");
    return exclusive != nullptr && state != nullptr && *exclusive == true && *state == "missing";
}

std::size_t count_missing(const json::object& pool) {
    const auto* value = pool.if_contains("enis");
    const auto* enis = value == nullptr ? nullptr : value->if_array();
    return enis == nullptr
               ? 0
               : static_cast<std::size_t>(std::count_if(enis->begin(), enis->end(), is_missing));
}

}  // namespace

std::optional<Supply> read_supply(std::string_view answer) {
    boost::system::error_code error;
    const auto parsed = json::parse({answer.data(), answer.size()}, error);
    const auto* pool = error ? nullptr : parsed.if_object();
    const auto* whole = pool == nullptr ? nullptr : pool->if_contains("exclusive_enis");
    if (whole == nullptr || !(whole->is_null() || whole->is_object())) {
        throw Error(Status::Invalid, "the daemon's pool: no \"exclusive_enis\" in its answer");
    }
    if (whole->is_null()) {
        return Supply{};
    }
    const auto& count = whole->get_object();
    const Supply supply{number(count, "capacity"), number(count, "allocated"),
                        count_missing(*pool)};
    return supply.capacity == 0 ? std::nullopt : std::optional(supply);
}

}  // namespace terway::deviced
