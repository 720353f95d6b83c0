#include "sim/cloud/request.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

#include "sim/cloud/data.hpp"

namespace terway::sim {
namespace {

struct Signature {
    std::set<std::string> known;  // with N for every number
    std::vector<std::string> required;
};
using Signatures = std::map<std::pair<std::string, std::string>, Signature>;

const Signatures& signatures() {
    static const Signatures all = [] {
        Signatures made;
        std::istringstream lines(data::actions());
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            std::string product;
            std::string action;
            words >> product >> action;
            Signature& signature = made[{product, action}];
            for (std::string word; words >> word;) {
                if (word.back() == '!') {
                    word.pop_back();
                    signature.required.push_back(word);
                }
                signature.known.insert(word);
            }
        }
        return made;
    }();
    return all;
}

// "Tag.12.Key" -> "Tag.N.Key"
std::string generalised(const std::string& name) {
    std::string all;
    std::istringstream parts(name);
    for (std::string part; std::getline(parts, part, '.');) {
        const bool number =
            !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
        all += (all.empty() ? "" : ".") + (number ? "N" : part);
    }
    return all;
}

// "Tag.N.Key" -> "Tag.1.Key"
std::string first_of(const std::string& name) {
    const auto number = name.find(".N");
    return number == std::string::npos ? name
                                       : name.substr(0, number) + ".1" + name.substr(number + 2);
}

[[noreturn]] void invalid(const std::string& name, const std::string& value) {
    refuse_call(400, "InvalidParameter",
                "The specified parameter \"" + name + "\" is not valid: " + value);
}

}  // namespace

void check_parameters(const ApiCall& call) {
    const auto found = signatures().find({call.product, call.action});
    if (found == signatures().end()) {
        refuse_call(404, "InvalidAction.NotFound",
                    "Specified api is not found, please check your url and method.");
    }
    for (const auto& name : found->second.required) {
        const auto given = call.parameters.find(first_of(name));
        if (given == call.parameters.end() || given->second.empty()) {
            refuse_call(400, "MissingParameter",
                        "The input parameter \"" + name +
                            "\" that is mandatory for processing this request is not supplied.");
        }
    }
    for (const auto& [name, value] : call.parameters) {
        if (name != "RegionId" && !found->second.known.contains(generalised(name))) {
            refuse_call(400, "UnsupportedParameter",
                        "The parameter " + name + " is not supported.");
        }
    }
}

std::vector<std::string> actions_of(const std::string& product) {
    std::vector<std::string> all;
    for (const auto& [key, signature] : signatures()) {
        if (key.first == product) {
            all.push_back(key.second);
        }
    }
    return all;
}

std::string Request::text(const std::string& name) const {
    return optional_text(name).value_or("");
}

std::optional<std::string> Request::optional_text(const std::string& name) const {
    const auto found = call_.parameters.find(name);
    return found == call_.parameters.end() ? std::nullopt : std::optional(found->second);
}

std::size_t Request::count(const std::string& name, std::size_t least, std::size_t most,
                           std::size_t fallback) const {
    const auto given = optional_text(name);
    if (!given) {
        return fallback;
    }
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
    if (error != std::errc() || end != given->data() + given->size() || value < least ||
        value > most) {
        invalid(name, *given);
    }
    return value;
}

std::optional<bool> Request::boolean(const std::string& name) const {
    const auto given = optional_text(name);
    if (!given) {
        return std::nullopt;
    }
    if (*given != "true" && *given != "false") {
        invalid(name, *given);
    }
    return *given == "true";
}

std::vector<std::string> Request::list(const std::string& name) const {
    std::vector<std::string> all;
    for (std::size_t number = 1;; ++number) {
        const auto given = optional_text(name + "." + std::to_string(number));
        if (!given) {
            return all;
        }
        all.push_back(*given);
    }
}

std::vector<IpAddress> Request::addresses(const std::string& name) const {
    std::vector<IpAddress> all;
    for (const auto& given : list(name)) {
        const auto address = IpAddress::parse(given);
        if (!address) {
            refuse_call(403, "InvalidIp.Address", given + " is no IP address.");
        }
        all.push_back(*address);
    }
    return all;
}

std::vector<Prefix> Request::prefixes(const std::string& name) const {
    std::vector<Prefix> all;
    for (const auto& given : list(name)) {
        const auto prefix = Prefix::parse(given);
        if (!prefix) {
            invalid(name, given);
        }
        all.push_back(*prefix);
    }
    return all;
}

std::map<std::string, std::string> Request::tags() const {
    constexpr std::size_t kMost = 20;
    std::map<std::string, std::string> all;
    for (std::size_t number = 1;; ++number) {
        const std::string stem = "Tag." + std::to_string(number);
        const auto key = optional_text(stem + ".Key");
        if (!key) {
            return all;
        }
        if (key->empty() || key->starts_with("aliyun") || key->starts_with("acs:")) {
            refuse_call(400, "InvalidTagKey.Malformed", "The tag key " + *key + " is not valid.");
        }
        if (!all.emplace(*key, text(stem + ".Value")).second) {
            refuse_call(400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key.");
        }
        if (all.size() > kMost) {
            refuse_call(400, "InvalidTagCount", "Too many tags.");
        }
    }
}

}  // namespace terway::sim
