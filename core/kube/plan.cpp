#include "kube/plan.hpp"

namespace terway::kube {
namespace {

void add(std::string& target, std::string_view name, std::string_view value) {
    target += target.find('?') == std::string::npos ? '?' : '&';
    target.append(name).append("=").append(http::percent_encode(value));
}

std::string selected(const Resource& resource) {
    auto target = resource.path;
    if (!resource.field_selector.empty()) {
        add(target, "fieldSelector", resource.field_selector);
    }
    if (!resource.label_selector.empty()) {
        add(target, "labelSelector", resource.label_selector);
    }
    return target;
}

Verdict after_refusal(const Happening& happening) noexcept {
    if (happening.code == 410) {
        const auto next = happening.step == Step::Watch ? Step::List : Step::ListNewest;
        return {next, happening.failures > 0};
    }
    if (happening.too_new) {
        return {Step::ListNewest, happening.failures > 0};
    }
    return {happening.step, true, happening.code == 401};
}

}  // namespace

Resource own_node(const std::string& node) {
    return {path_of<Node>(), "metadata.name=" + node};
}

Resource local_pods(const std::string& node) {
    return {path_of<Pod>(), "spec.nodeName=" + node};
}

std::string list_target(const Resource& resource, std::string_view version, std::string_view page,
                        unsigned limit) {
    auto target = selected(resource);
    add(target, "limit", std::to_string(limit));
    if (!page.empty()) {
        add(target, "continue", page);  // the page knows its version
    } else if (!version.empty()) {
        add(target, "resourceVersion", version);
        add(target, "resourceVersionMatch", "NotOlderThan");
    }
    return target;
}

std::string watch_target(const Resource& resource, std::string_view version,
                         std::chrono::seconds timeout) {
    auto target = selected(resource);
    add(target, "watch", "true");
    add(target, "allowWatchBookmarks", "true");
    add(target, "resourceVersion", version);
    add(target, "timeoutSeconds", std::to_string(timeout.count()));
    return target;
}

std::string_view name_of(Ending ending) noexcept {
    switch (ending) {
        case Ending::Done:
            return "done";
        case Ending::Refused:
            return "refused";
        case Ending::Garbled:
            return "garbled";
        case Ending::Unreachable:
            return "unreachable";
        case Ending::Cut:
            return "cut";
        case Ending::Silent:
            return "silent";
        case Ending::Untrusted:
            return "untrusted";
    }
    return "unknown";
}

Verdict decide(const Happening& happening) noexcept {
    const bool watching = happening.step == Step::Watch;
    switch (happening.ending) {
        case Ending::Done:
            return {Step::Watch, watching && happening.was_short, false, happening.was_short};
        case Ending::Refused:
            return after_refusal(happening);
        case Ending::Garbled:
            return {Step::List, true};
        case Ending::Silent:
            return {happening.step, !watching, false, !watching};  // a watch's silence was the rest
        case Ending::Unreachable:
        case Ending::Cut:
        case Ending::Untrusted:
            return {happening.step, true};
    }
    return {Step::ListNewest, true};
}

}  // namespace terway::kube
