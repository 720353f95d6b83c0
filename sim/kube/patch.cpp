#include "sim/kube/patch.hpp"

#include <utility>

#include "sim/kube/problem.hpp"

namespace terway::sim::kube {
namespace {

struct Operation {
    std::string op;
    std::string path;
    std::string from;
    const json::value* value = nullptr;
};

[[noreturn]] void inapplicable(const std::string& why) {
    throw Problem{422,
                  "Invalid",
                  "the server rejected our request due to an error in our request: " + why,
                  {},
                  {}};
}

Operation operation_of(const json::value& raw) {
    const json::object* object = raw.if_object();
    const auto text = [&](const char* member) -> std::string {
        const json::value* found = object == nullptr ? nullptr : object->if_contains(member);
        return found == nullptr || !found->is_string() ? "" : std::string(found->get_string());
    };
    Operation one{text("op"), text("path"), text("from"),
                  object == nullptr ? nullptr : object->if_contains("value")};
    if (one.op.empty() || (!one.path.empty() && one.path.front() != '/')) {
        throw bad_request("error decoding patch: an operation needs op and path");
    }
    return one;
}

std::string unescaped(const std::string& token) {
    std::string out;
    for (std::size_t at = 0; at < token.size(); ++at) {
        if (token[at] == '~' && at + 1 < token.size()) {
            out += token[++at] == '1' ? '/' : '~';
        } else {
            out += token[at];
        }
    }
    return out;
}

// The parent of what `path` names, and the last token.
std::pair<json::value*, std::string> parent_of(json::value& target, const std::string& path) {
    json::value* here = &target;
    std::size_t begin = 1;
    for (auto slash = path.find('/', begin); slash != std::string::npos;
         slash = path.find('/', begin)) {
        const std::string token = unescaped(path.substr(begin, slash - begin));
        if (json::object* object = here->if_object()) {
            here = object->if_contains(token);
        } else if (json::array* array = here->if_array()) {
            const auto at = std::strtoul(token.c_str(), nullptr, 10);
            here = at < array->size() ? &(*array)[at] : nullptr;
        } else {
            here = nullptr;
        }
        if (here == nullptr) {
            inapplicable("path " + path + " does not exist");
        }
        begin = slash + 1;
    }
    return {here, unescaped(path.substr(begin))};
}

std::size_t index_in(const json::array& array, const std::string& token, bool may_append) {
    if (may_append && token == "-") {
        return array.size();
    }
    char* end = nullptr;
    const auto at = std::strtoul(token.c_str(), &end, 10);
    if (token.empty() || *end != '\0' || at > array.size() || (at == array.size() && !may_append)) {
        inapplicable("index " + token + " is out of bounds");
    }
    return at;
}

json::value take(json::value& target, const std::string& path, bool remove) {
    if (path.empty()) {
        return target;
    }
    const auto [parent, token] = parent_of(target, path);
    if (json::object* object = parent->if_object()) {
        json::value* found = object->if_contains(token);
        if (found == nullptr) {
            inapplicable("path " + path + " does not exist");
        }
        json::value value = *found;
        if (remove) {
            object->erase(token);
        }
        return value;
    }
    if (json::array* array = parent->if_array()) {
        const auto at = index_in(*array, token, false);
        json::value value = (*array)[at];
        if (remove) {
            array->erase(array->begin() + static_cast<std::ptrdiff_t>(at));
        }
        return value;
    }
    inapplicable("path " + path + " does not exist");
}

void add(json::value& target, const std::string& path, json::value value) {
    if (path.empty()) {
        target = std::move(value);
        return;
    }
    const auto [parent, token] = parent_of(target, path);
    if (json::object* object = parent->if_object()) {
        (*object)[token] = std::move(value);
    } else if (json::array* array = parent->if_array()) {
        const auto at = index_in(*array, token, true);
        array->insert(array->begin() + static_cast<std::ptrdiff_t>(at), std::move(value));
    } else {
        inapplicable("path " + path + " does not exist");
    }
}

}  // namespace

void merge_patch(json::value& target, const json::value& patch) {
    const json::object* changes = patch.if_object();
    if (changes == nullptr) {
        target = patch;
        return;
    }
    json::object& object = target.is_object() ? target.get_object() : target.emplace_object();
    for (const auto& [name, value] : *changes) {
        if (value.is_null()) {
            object.erase(name);
        } else {
            merge_patch(object[name], value);
        }
    }
}

void json_patch(json::value& target, const json::value& patch) {
    const json::array* operations = patch.if_array();
    if (operations == nullptr) {
        throw bad_request("error decoding patch: a JSON patch is a list");
    }
    for (const auto& raw : *operations) {
        const Operation one = operation_of(raw);
        const json::value value = one.value == nullptr ? json::value() : *one.value;
        if (one.op == "add") {
            add(target, one.path, value);
        } else if (one.op == "remove") {
            (void)take(target, one.path, true);
        } else if (one.op == "replace") {
            (void)take(target, one.path, true);
            add(target, one.path, value);
        } else if (one.op == "move" || one.op == "copy") {
            add(target, one.path, take(target, one.from, one.op == "move"));
        } else if (one.op == "test") {
            if (take(target, one.path, false) != value) {
                inapplicable("testing path " + one.path + " failed");
            }
        } else {
            throw bad_request("error decoding patch: unknown operation " + one.op);
        }
    }
}

}  // namespace terway::sim::kube
