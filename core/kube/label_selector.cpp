#include "kube/label_selector.hpp"

#include <algorithm>
#include <optional>

namespace terway::kube {
namespace {

enum SelectorTag : Tag {
    kLabels = kTagAfterMeta,
    kExpressions,
    kExpression,
    kExpressionKey,
    kOperator,
    kValues,
    kValue,
    kAfterLast,
};
static_assert(static_cast<Tag>(kAfterLast) <= kTagAfterSelector);

std::optional<Operator> operator_of(std::string_view text) {
    if (text == "In") {
        return Operator::In;
    }
    if (text == "NotIn") {
        return Operator::NotIn;
    }
    if (text == "Exists") {
        return Operator::Exists;
    }
    return text == "DoesNotExist" ? std::optional(Operator::DoesNotExist) : std::nullopt;
}

bool is_good(const Requirement& requirement) {
    const bool needs_values = requirement.op == Operator::In || requirement.op == Operator::NotIn;
    return !requirement.key.empty() && requirement.values.empty() != needs_values;
}

}  // namespace

Shape selector_shape(Tag tag) {
    using enum Shape::Scalar;
    const auto expression =
        Shape::object({{"key", Shape::text(kExpressionKey, String)},
                       {"operator", Shape::text(kOperator, String)},
                       {"values", Shape::list(Shape::text(kValue, String), kValues)}},
                      kExpression);
    return Shape::object({{"matchLabels", Shape::map(kLabels, String)},
                          {"matchExpressions", Shape::list(expression, kExpressions)}},
                         tag);
}

void SelectorReader::open(LabelSelector& selector) {
    selector_ = &selector;
    is_bad_ = false;
}

void SelectorReader::close() {
    std::sort(selector_->labels.begin(), selector_->labels.end());
}

bool SelectorReader::begin(Tag tag) {
    if (tag == kExpression) {
        selector_->expressions.emplace_back();
        has_operator_ = false;
    }
    return tag == kExpression;
}

bool SelectorReader::end(Tag tag) {
    if (tag == kExpression) {
        is_bad_ = is_bad_ || !has_operator_ || !is_good(selector_->expressions.back());
    }
    return tag == kExpression;
}

void SelectorReader::misfit(Tag tag) {
    is_bad_ = is_bad_ || (tag >= kLabels && tag < kAfterLast);
}

bool SelectorReader::wants(Tag tag) {
    return tag == kLabels;
}

bool SelectorReader::value(Tag tag, std::string_view key, std::string_view text, Words& words) {
    switch (tag) {
        case kLabels:
            selector_->labels.emplace_back(words.word(key), words.word(text));
            return true;
        case kExpressionKey:
            selector_->expressions.back().key = words.word(text);
            return true;
        case kOperator:
            if (const auto op = operator_of(text)) {
                selector_->expressions.back().op = *op;
                has_operator_ = true;
            }
            return true;
        case kValue:
            selector_->expressions.back().values.push_back(words.word(text));
            return true;
        default:
            return false;
    }
}

}  // namespace terway::kube
