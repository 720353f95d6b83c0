// What a pod's annotations ask of QoS. Pure.
#pragma once

#include <map>
#include <string>

#include "endpoint/priority.hpp"
#include "endpoint/rate.hpp"

namespace terway::endpoint {

struct QosWish {
    Rates rates;
    Priority priority = Priority::None;

    bool operator==(const QosWish&) const = default;
};

// Throws Error(Invalid) naming annotation, value and accepted form.
[[nodiscard]] inline QosWish qos_wish_of(const std::map<std::string, std::string>& annotations) {
    return {rates_of(annotations), priority_of(annotations)};
}

}  // namespace terway::endpoint
