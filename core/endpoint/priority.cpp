#include "endpoint/priority.hpp"

#include <algorithm>
#include <array>

#include "terway/error.hpp"

namespace terway::endpoint {
namespace {

constexpr const char* kAnnotation = "k8s.aliyun.com/network-priority";
constexpr std::array<std::string_view, 4> kNames = {"", "guaranteed", "burstable", "best-effort"};

}  // namespace

std::string_view name_of(Priority priority) {
    return kNames.at(static_cast<std::size_t>(priority));
}

std::optional<Priority> priority_by_name(std::string_view name) {
    const auto* const found = std::find(kNames.begin(), kNames.end(), name);
    return found == kNames.end() ? std::nullopt
                                 : std::optional(static_cast<Priority>(found - kNames.begin()));
}

Priority priority_of(const std::map<std::string, std::string>& annotations) {
    const auto found = annotations.find(kAnnotation);
    if (found == annotations.end()) {
        return Priority::None;
    }
    const auto priority = priority_by_name(found->second);
    if (!priority || *priority == Priority::None) {
        throw Error(Status::Invalid,
                    std::string("annotation ") + kAnnotation + ": \"" + found->second +
                        "\": it must be \"guaranteed\", \"burstable\" or \"best-effort\"");
    }
    return *priority;
}

}  // namespace terway::endpoint
