// Reading the original's eni_conf: what its keys hold, with complaints and their places. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctl/import_eni_conf.hpp"
#include "ctl/json_text.hpp"

namespace terway::ctl {

// Each reader takes a key; it answers nothing when the key is absent, null or wrong, and complains
// in the last case.
class EniConf {
public:
    // Throws Error(Invalid) with file, line and column.
    [[nodiscard]] static EniConf parse(std::string_view text, const std::string& file);

    [[nodiscard]] const std::string& source() const { return source_; }
    // The other texts of the ConfigMap, if it came in one.
    [[nodiscard]] const std::map<std::string, std::string>& beside() const { return beside_; }

    [[nodiscard]] bool has(std::string_view key) const;

    [[nodiscard]] std::optional<bool> boolean(std::string_view key);
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t low,
                                                      std::int64_t high);
    [[nodiscard]] std::optional<double> number(std::string_view key);
    // An empty string counts as absent, as it does for the original.
    [[nodiscard]] std::optional<std::string> string(std::string_view key);
    [[nodiscard]] std::vector<std::string> strings(std::string_view key);
    [[nodiscard]] std::map<std::string, std::string> string_map(std::string_view key);
    [[nodiscard]] std::map<std::string, std::vector<std::string>> lists(std::string_view key);
    // [{"key": ..., "value": ...}]
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs(std::string_view key);
    [[nodiscard]] std::optional<std::chrono::milliseconds> duration(std::string_view key);

    // Marks a key as known; whether it says anything.
    bool take(std::string_view key);

    void note(std::string_view key, std::string text);
    void defaulted(std::string_view key, std::string text);
    void no_equivalent(std::string_view key, std::string text);
    void wrong(std::string_view key, std::string text);

    // Remarks on every key that nobody took, and hands all over, sorted.
    [[nodiscard]] std::vector<Remark> finish();

private:
    EniConf(std::string_view text, std::string source);

    void remark(RemarkKind kind, std::string_view key, std::string text);
    [[nodiscard]] const boost::json::value* find(std::string_view key);

    std::string source_;
    boost::json::object top_;
    KeyPlaces places_;
    std::map<std::string, std::string> beside_;
    std::set<std::string, std::less<>> taken_;
    std::vector<Remark> remarks_;
};

}  // namespace terway::ctl
