// Events: what people see with `kubectl describe`. Pure.
#pragma once

#include <string>

#include "base/time.hpp"

namespace terway::kube {

// The object an event is about.
struct Subject {
    std::string kind;   // "Pod", "Node"
    std::string space;  // empty for a node
    std::string name;
    std::string uid;  // may be empty

    bool operator==(const Subject&) const = default;
};

// RFC 3339 in UTC with whole seconds, as metav1.Time is written.
[[nodiscard]] std::string timestamp(WallTime time);

struct Event {
    Subject about;
    bool is_warning = false;
    std::string reason;  // one word, "AllocIPFailed"
    std::string message;

    bool operator==(const Event&) const = default;
};

// The same event, as often as it has happened so far.
struct Occurrences {
    Event event;
    std::string name;  // of the object in the API, "web-0.17c0ffee"
    WallTime first{};
    WallTime last{};
    unsigned count = 1;
};

// Who tells.
struct Reporter {
    std::string component = "terwayd";
    std::string node;
};

// The namespace an event is in: its subject's, or "default".
[[nodiscard]] const std::string& space_of(const Event& event);
// The body of a POST to its namespace's events.
[[nodiscard]] std::string to_json(const Occurrences& what, const Reporter& who);
// The body of a merge patch that makes the one that is there count these.
[[nodiscard]] std::string count_patch(const Occurrences& what);

}  // namespace terway::kube
