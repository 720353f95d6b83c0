// Label selectors, and how they are read as parts of other objects.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kube/json.hpp"
#include "kube/meta.hpp"

namespace terway::kube {

enum class Operator : std::uint8_t { In, NotIn, Exists, DoesNotExist };

struct Requirement {
    Word key;
    Operator op = Operator::In;
    std::vector<Word> values;  // In without any matches nothing

    friend bool operator==(const Requirement&, const Requirement&) = default;
};

// All must hold; without any it matches everything.
struct LabelSelector {
    Pairs labels;
    std::vector<Requirement> expressions;

    friend bool operator==(const LabelSelector&, const LabelSelector&) = default;
};

// Tags of selectors' parts; those of other parts begin at kTagAfterSelector.
inline constexpr Tag kTagAfterSelector = kTagAfterMeta + 8;

// The shape of a selector; `tag` is told at its beginning and end.
[[nodiscard]] Shape selector_shape(Tag tag);

class SelectorReader {
public:
    // What is read from now on goes there.
    void open(LabelSelector& selector);
    // For its end.
    void close();

    // False if the tag is none of a selector's.
    bool begin(Tag tag);
    bool end(Tag tag);
    [[nodiscard]] static bool wants(Tag tag);
    bool value(Tag tag, std::string_view key, std::string_view text, Words& words);
    void misfit(Tag tag);

    // Whether the API server would have refused what was read since open().
    [[nodiscard]] bool is_bad() const noexcept { return is_bad_; }

private:
    LabelSelector* selector_ = nullptr;
    bool has_operator_ = false;
    bool is_bad_ = false;
};

}  // namespace terway::kube
