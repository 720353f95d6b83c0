// What every Kubernetes object has, and how it is read.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/json.hpp"
#include "kube/word.hpp"

namespace terway::kube {

// Sorted by key.
using Pairs = std::vector<std::pair<Word, Word>>;

// Empty if there is none.
[[nodiscard]] inline std::string_view value_of(const Pairs& pairs, std::string_view key) {
    const auto found = std::lower_bound(
        pairs.begin(), pairs.end(), key,
        [](const auto& pair, std::string_view k) { return pair.first.view() < k; });
    return found != pairs.end() && found->first == key ? found->second.view() : std::string_view();
}

[[nodiscard]] inline bool has(const Pairs& pairs, std::string_view key) {
    return std::any_of(pairs.begin(), pairs.end(),
                       [&](const auto& pair) { return pair.first == key; });
}

struct Owner {
    Word kind;
    Word name;
    bool is_controller = false;

    friend bool operator==(const Owner&, const Owner&) = default;
};

struct Meta {
    Word space;  // the namespace; empty for what has none
    Word name;
    Word uid;
    Word version;   // resourceVersion
    Word deletion;  // deletionTimestamp; empty unless it is being deleted
    Pairs labels;
    Pairs annotations;  // those that were asked for
    std::vector<Owner> owners;

    [[nodiscard]] bool is_deleting() const noexcept { return !deletion.empty(); }
    // The one that manages it, or null.
    [[nodiscard]] const Owner* controller() const noexcept;
};

// Which annotations are kept. Called by the thread that reads.
using Wanted = std::function<bool(std::string_view key)>;

// "k8s.aliyun.com/...", bandwidth, and the few others that Terway reads.
[[nodiscard]] bool is_terway_annotation(std::string_view key);

// Tags of Meta; those of other parts begin at kTagAfterMeta.
inline constexpr Tag kTagAfterMeta = 32;
inline constexpr Tag kVersionTag = 1;

// The shape of "metadata".
[[nodiscard]] Shape meta_shape();

class MetaReader {
public:
    // Borrows `words`.
    MetaReader(Words& words, Wanted wanted) : words_(words), wanted_(std::move(wanted)) {}

    void begin(Tag tag);
    void end(Tag tag);
    [[nodiscard]] bool wants(Tag tag, std::string_view key) const;
    void value(Tag tag, std::string_view key, std::string_view text);
    // What was read since the last time.
    [[nodiscard]] Meta take();
    [[nodiscard]] Words& words() const noexcept { return words_; }

private:
    Words& words_;
    Wanted wanted_;
    Meta meta_;
    Owner owner_;
};

}  // namespace terway::kube
