// The words of a control command, taken apart.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "terway/error.hpp"

namespace terway::sim {

using Words = std::vector<std::string>;

// "--name value" and "--flag" taken out of the words, in any order; the rest is positional.
class Arguments {
public:
    // `known`: an option, and whether it has a value. Everything throws Error(Invalid).
    Arguments(const Words& words, const std::map<std::string, bool>& known) {
        for (std::size_t at = 1; at < words.size(); ++at) {
            const std::string& word = words[at];
            if (!word.starts_with("--")) {
                rest_.push_back(word);
                continue;
            }
            const auto equals = word.find('=');
            const std::string name = word.substr(2, equals - 2);
            const auto option = known.find(name);
            if (option == known.end()) {
                throw Error(Status::Invalid, "unknown option --" + name);
            }
            std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
            if (option->second && equals == std::string::npos) {
                if (++at == words.size()) {
                    throw Error(Status::Invalid, "option --" + name + " needs a value");
                }
                value = words[at];
            }
            options_.emplace(name, value);
        }
    }

    [[nodiscard]] bool has(const std::string& name) const { return options_.contains(name); }
    [[nodiscard]] std::string text(const std::string& name, const std::string& fallback) const {
        const auto found = options_.find(name);
        return found == options_.end() ? fallback : found->second;
    }
    [[nodiscard]] Words all(const std::string& name) const {
        Words values;
        const auto [begin, end] = options_.equal_range(name);
        for (auto next = begin; next != end; ++next) {
            values.push_back(next->second);
        }
        return values;
    }
    [[nodiscard]] unsigned number(const std::string& name, unsigned fallback) const {
        try {
            return has(name) ? static_cast<unsigned>(std::stoul(text(name, ""))) : fallback;
        } catch (const std::exception&) {
            throw Error(Status::Invalid, "option --" + name + " needs a number");
        }
    }
    [[nodiscard]] const Words& rest() const noexcept { return rest_; }
    [[nodiscard]] const std::string& positional(std::size_t at, const std::string& what) const {
        if (at >= rest_.size()) {
            throw Error(Status::Invalid, what + " is missing");
        }
        return rest_[at];
    }

private:
    std::multimap<std::string, std::string> options_;
    Words rest_;
};

}  // namespace terway::sim
