// labelSelector and fieldSelector of a list or a watch. Pure.
#pragma once

#include <string>
#include <vector>

#include "sim/kube/kind.hpp"
#include "sim/kube/store.hpp"

namespace terway::sim::kube {

class LabelSelector {
public:
    // "a=b,c!=d,e in (f,g),h notin (i),j,!k"; empty matches all. Throws Problem (400).
    [[nodiscard]] static LabelSelector parse(const std::string& text);
    [[nodiscard]] bool matches(const json::object& object) const;

private:
    struct Requirement {
        std::string key;
        bool negative = false;
        bool any_value = false;
        std::vector<std::string> values;
    };
    std::vector<Requirement> requirements_;
};

class FieldSelector {
public:
    // "spec.nodeName=a,status.phase!=Failed"; throws Problem (400) for fields the real server does
    // not select by.
    [[nodiscard]] static FieldSelector parse(const std::string& text, const Kind& kind);
    [[nodiscard]] bool matches(const json::object& object) const;

private:
    struct Requirement {
        std::vector<std::string> path;
        bool negative = false;
        std::string value;
    };
    std::vector<Requirement> requirements_;
};

// What a list or watch is about.
struct Filter {
    std::string space;  // empty: all namespaces
    LabelSelector labels;
    FieldSelector fields;

    [[nodiscard]] bool wants(const Key& key, const json::object& object) const {
        return (space.empty() || key.space == space) && labels.matches(object) &&
               fields.matches(object);
    }
};

}  // namespace terway::sim::kube
