#include "sim/kube/call.hpp"

#include <cstdlib>
#include <utility>

#include "sim/kube/problem.hpp"

namespace terway::sim::kube {
namespace {

std::string verb_of(const HttpRequest& request, const Call& call) {
    if (request.method == "GET" || request.method == "HEAD") {
        if (call.flag("watch")) {
            return "watch";
        }
        return call.name.empty() ? "list" : "get";
    }
    if (request.method == "POST") {
        return "create";
    }
    if (request.method == "PUT" && !call.name.empty()) {
        return "update";
    }
    if (request.method == "PATCH" && !call.name.empty()) {
        return "patch";
    }
    if (request.method == "DELETE") {
        return call.name.empty() ? "deletecollection" : "delete";
    }
    throw method_not_allowed();
}

void check_subresource(const Call& call) {
    const std::string& part = call.subresource;
    const std::string& plural = call.kind->plural;
    const bool known = part.empty() || (part == "status" && call.kind->has_status) ||
                       (plural == "pods" && (part == "binding" || part == "eviction")) ||
                       (plural == "namespaces" && part == "finalize") ||
                       (plural == "serviceaccounts" && part == "token");
    if (!known) {
        throw no_such_resource();
    }
}

}  // namespace

std::string Call::option(const std::string& key) const {
    const auto found = query.find(key);
    return found == query.end() ? "" : found->second;
}

bool Call::flag(const std::string& key) const {
    const std::string value = option(key);
    return value == "true" || value == "1";
}

std::uint64_t Call::number(const std::string& key) const {
    const std::string text = option(key);
    if (text.empty()) {
        return 0;
    }
    char* end = nullptr;
    const auto value = std::strtoull(text.c_str(), &end, 10);
    if (*end != '\0' || text.front() == '-') {
        throw bad_request("Invalid value: \"" + text + "\": " + key + " is no number");
    }
    return value;
}

std::string Call::action() const {
    return verb + " " + kind->plural + (subresource.empty() ? "" : "/" + subresource);
}

std::vector<std::string> path_segments(const std::string& path) {
    std::vector<std::string> segments;
    std::string one;
    for (const char c : path + "/") {
        if (c != '/') {
            one += c;
        } else if (!one.empty()) {
            segments.push_back(std::exchange(one, {}));
        }
    }
    return segments;
}

Call call_of(const HttpRequest& request) {
    const auto segments = path_segments(request.path());
    const std::size_t root = segments.empty() ? 0 : segments[0] == "api" ? 2 : 3;
    if (root == 0 || segments.size() <= root || (root == 3 && segments[0] != "apis")) {
        throw no_such_resource();
    }
    const std::string group = root == 2 ? "" : segments[1];
    Call call;
    call.version = segments[root - 1];
    std::size_t at = root;
    const bool spaced = segments[at] == "namespaces" && segments.size() > at + 2 &&
                        segments[at + 2] != "status" && segments[at + 2] != "finalize";
    if (spaced) {
        call.space = segments[at + 1];
        at += 2;
    }
    call.kind = find_kind(group, call.version, segments[at]);
    if (call.kind == nullptr || (spaced && !call.kind->namespaced) || segments.size() > at + 3) {
        throw no_such_resource();
    }
    call.name = segments.size() > at + 1 ? segments[at + 1] : "";
    call.subresource = segments.size() > at + 2 ? segments[at + 2] : "";
    call.query = parse_query(request.query(), true);
    check_subresource(call);
    call.verb = verb_of(request, call);
    const bool about_one = !call.name.empty() || call.verb == "create";
    if (call.kind->namespaced && call.space.empty() && about_one) {
        throw request.method == "POST" ? method_not_allowed() : no_such_resource();
    }
    if (call.verb == "create" && !call.name.empty() && call.subresource.empty()) {
        throw method_not_allowed();
    }
    call.body = request.body;
    call.content_type = request.header("content-type");
    call.accept = request.header("accept");
    return call;
}

}  // namespace terway::sim::kube
