#include "cloud/metadata_text.hpp"

#include <optional>

#include "terway/error.hpp"

namespace terway::cloud {
namespace {

template <class Value>
std::vector<Value> parse_each(std::string_view text, const std::string& path,
                              std::optional<Value> (*parse)(std::string_view),
                              std::string_view what) {
    std::vector<Value> out;
    for (const auto& element : parse_list(text)) {
        const auto value = parse(element);
        if (!value) {
            throw Error(Status::Internal, "metadata " + path + ": \"" + element.substr(0, 64) +
                                              "\" is not " + std::string(what));
        }
        out.push_back(*value);
    }
    return out;
}

}  // namespace

std::vector<std::string> parse_list(std::string_view text) {
    static constexpr std::string_view kBetween = "[]\", \t\r\n";
    std::vector<std::string> out;
    while (true) {
        const auto start = text.find_first_not_of(kBetween);
        if (start == std::string_view::npos) {
            return out;
        }
        text.remove_prefix(start);
        auto element = text.substr(0, text.find_first_of(kBetween));
        text.remove_prefix(element.size());
        if (element.ends_with('/')) {
            element.remove_suffix(1);
        }
        if (!element.empty()) {
            out.emplace_back(element);
        }
    }
}

std::vector<IpAddress> parse_addresses(std::string_view text, const std::string& path) {
    return parse_each<IpAddress>(text, path, IpAddress::parse, "an address");
}

std::vector<Prefix> parse_prefixes(std::string_view text, const std::string& path) {
    return parse_each<Prefix>(text, path, Prefix::parse, "a prefix");
}

std::vector<Mac> parse_macs(std::string_view text, const std::string& path) {
    return parse_each<Mac>(text, path, Mac::parse, "a MAC address");
}

}  // namespace terway::cloud
