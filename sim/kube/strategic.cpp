#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "sim/kube/patch.hpp"
#include "sim/kube/problem.hpp"

namespace terway::sim::kube {
namespace {

constexpr const char* kOrder = "$setElementOrder/";
constexpr const char* kDelete = "$deleteFromPrimitiveList/";
constexpr const char* kRetain = "$retainKeys";
constexpr const char* kDirective = "$patch";

// By the member that holds the list. Ports are told apart by the element: those of containers have
// a containerPort.
const std::map<std::string, std::string>& merge_keys() {
    static const std::map<std::string, std::string> all{
        {"containers", "name"},
        {"initContainers", "name"},
        {"ephemeralContainers", "name"},
        {"volumes", "name"},
        {"env", "name"},
        {"volumeMounts", "mountPath"},
        {"volumeDevices", "devicePath"},
        {"imagePullSecrets", "name"},
        {"secrets", "name"},
        {"hostAliases", "ip"},
        {"podIPs", "ip"},
        {"conditions", "type"},
        {"addresses", "type"},
        {"taints", "key"},
        {"ownerReferences", "uid"},
        {"topologySpreadConstraints", "topologyKey"},
        {"ports", "port"},
    };
    return all;
}

// Lists of plain values that are merged like sets.
bool is_set(const std::string& member) {
    return member == "finalizers" || member == "podCIDRs";
}

std::string key_of(const std::string& member, const json::array& elements) {
    const auto found = merge_keys().find(member);
    if (found == merge_keys().end()) {
        return "";
    }
    if (member == "ports" && !elements.empty() && elements.front().is_object() &&
        elements.front().get_object().contains("containerPort")) {
        return "containerPort";
    }
    return found->second;
}

const json::value* key_value(const json::value& element, const std::string& key) {
    const json::object* object = element.if_object();
    return object == nullptr ? nullptr : object->if_contains(key);
}

json::value* find_element(json::array& list, const std::string& key, const json::value& wanted) {
    for (auto& element : list) {
        const json::value* value = key_value(element, key);
        if (value != nullptr && *value == wanted) {
            return &element;
        }
    }
    return nullptr;
}

std::string directive_of(const json::value& element) {
    const json::value* found = key_value(element, kDirective);
    return found == nullptr || !found->is_string() ? "" : std::string(found->get_string());
}

// Without directives, as a new element is stored.
json::value cleaned(const json::value& value) {
    if (const json::object* object = value.if_object()) {
        json::object out;
        for (const auto& [name, member] : *object) {
            if (!member.is_null() && !name.starts_with("$")) {
                out[name] = cleaned(member);
            }
        }
        return out;
    }
    if (const json::array* array = value.if_array()) {
        json::array out;
        for (const auto& element : *array) {
            if (directive_of(element).empty()) {
                out.push_back(cleaned(element));
            }
        }
        return out;
    }
    return value;
}

void merge_elements(json::array& list, const json::array& patch, const std::string& key) {
    if (std::any_of(patch.begin(), patch.end(),
                    [](const auto& element) { return directive_of(element) == "replace"; })) {
        list = cleaned(patch).as_array();
        return;
    }
    for (const auto& element : patch) {
        const json::value* value = key_value(element, key);
        if (value == nullptr) {
            throw bad_request("map: " + json::serialize(element) +
                              " does not contain declared merge key: " + key);
        }
        json::value* mine = find_element(list, key, *value);
        if (directive_of(element) == "delete") {
            if (mine != nullptr) {
                list.erase(list.begin() + (mine - list.data()));
            }
        } else if (mine == nullptr) {
            list.push_back(cleaned(element));
        } else {
            strategic_patch(mine->as_object(), element.as_object());
        }
    }
}

void merge_set(json::array& list, const json::array& patch) {
    for (const auto& element : patch) {
        if (std::find(list.begin(), list.end(), element) == list.end()) {
            list.push_back(element);
        }
    }
}

// Elements named in `order` come in that order; the others keep their places as far as possible.
void reorder(json::array& list, const json::array& order, const std::string& key) {
    const auto rank = [&](const json::value& element) {
        for (std::size_t at = 0; at < order.size(); ++at) {
            const json::value* mine = key.empty() ? &element : key_value(element, key);
            const json::value* wanted = key.empty() ? &order[at] : key_value(order[at], key);
            if (mine != nullptr && wanted != nullptr && *mine == *wanted) {
                return at;
            }
        }
        return order.size();
    };
    std::stable_sort(list.begin(), list.end(), [&](const json::value& one, const json::value& two) {
        return rank(one) < rank(two);
    });
}

void merge_member(json::object& target, const std::string& name, const json::value& value) {
    if (value.is_null()) {
        target.erase(name);
        return;
    }
    json::value* mine = target.if_contains(name);
    if (const json::object* object = value.if_object()) {
        if (mine == nullptr || !mine->is_object()) {
            target[name] = json::object();
            mine = target.if_contains(name);
        }
        strategic_patch(mine->get_object(), *object);
        return;
    }
    const json::array* array = value.if_array();
    const std::string key = array == nullptr ? "" : key_of(name, *array);
    const bool merged = !key.empty() || (array != nullptr && is_set(name));
    if (!merged) {
        target[name] = value;
        return;
    }
    if (mine == nullptr || !mine->is_array()) {
        target[name] = json::array();
        mine = target.if_contains(name);
    }
    if (key.empty()) {
        merge_set(mine->get_array(), *array);
    } else {
        merge_elements(mine->get_array(), *array, key);
    }
}

void order_member(json::object& target, const std::string& name, const json::value& order) {
    json::value* mine = target.if_contains(name);
    if (mine == nullptr || !mine->is_array() || !order.is_array()) {
        return;
    }
    reorder(mine->get_array(), order.get_array(), key_of(name, mine->get_array()));
}

void delete_from(json::object& target, const std::string& name, const json::value& unwanted) {
    json::value* mine = target.if_contains(name);
    if (mine == nullptr || !mine->is_array() || !unwanted.is_array()) {
        return;
    }
    const json::array& gone = unwanted.get_array();
    json::array rest;
    for (const auto& element : mine->get_array()) {
        if (std::find(gone.begin(), gone.end(), element) == gone.end()) {
            rest.push_back(element);
        }
    }
    *mine = std::move(rest);
}

void retain(json::object& target, const json::value& keys) {
    const json::array* wanted = keys.if_array();
    json::object rest;
    for (const auto& [name, value] : target) {
        if (wanted != nullptr &&
            std::find(wanted->begin(), wanted->end(), json::value(name)) != wanted->end()) {
            rest[name] = value;
        }
    }
    target = std::move(rest);
}

}  // namespace

void strategic_patch(json::object& target, const json::object& patch) {
    if (const json::value* directive = patch.if_contains(kDirective)) {
        if (*directive == "replace") {
            target = cleaned(patch).as_object();
            return;
        }
        if (*directive == "delete") {
            target.clear();
            return;
        }
    }
    if (const json::value* keys = patch.if_contains(kRetain)) {
        retain(target, *keys);
    }
    for (const auto& [name, value] : patch) {
        if (name.starts_with(kDelete)) {
            delete_from(target, std::string(name.substr(std::string(kDelete).size())), value);
        } else if (!name.starts_with("$")) {
            merge_member(target, std::string(name), value);
        }
    }
    for (const auto& [name, value] : patch) {
        if (name.starts_with(kOrder)) {
            order_member(target, std::string(name.substr(std::string(kOrder).size())), value);
        }
    }
}

}  // namespace terway::sim::kube
