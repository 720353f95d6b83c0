#include "sim/kube/verbs.hpp"

#include <algorithm>
#include <utility>

#include "sim/kube/paging.hpp"

namespace terway::sim::kube {
namespace {

Form form_for(const Call& call) {
    return form_of(*call.kind, call.version, call.accept, call.option("includeObject"));
}

Filter filter_for(const Call& call) {
    Filter filter;
    filter.space = call.space;
    filter.labels = LabelSelector::parse(call.option("labelSelector"));
    filter.fields = FieldSelector::parse(call.option("fieldSelector"), *call.kind);
    return filter;
}

Key key_of(const Call& call) {
    return {call.kind->namespaced ? call.space : "", call.name};
}

When when_of(const Call& call, WallTime now) {
    const std::string dry_run = call.option("dryRun");
    if (!dry_run.empty() && dry_run != "All") {
        throw bad_request("Invalid value: \"" + dry_run + "\": dryRun: supported values: \"All\"");
    }
    return {now, call.dry_run()};
}

// What a client sends says null for what it does not say.
json::value without_nulls(const json::value& value) {
    if (const json::object* object = value.if_object()) {
        json::object out;
        for (const auto& [name, member] : *object) {
            if (!member.is_null()) {
                out[name] = without_nulls(member);
            }
        }
        return out;
    }
    if (const json::array* array = value.if_array()) {
        json::array out;
        for (const auto& element : *array) {
            out.push_back(without_nulls(element));
        }
        return out;
    }
    return value;
}

void check_members(const json::object& object, const Kind& kind) {
    for (const char* member : {"metadata", "spec", "status"}) {
        const json::value* found = object.if_contains(member);
        if (found != nullptr && !found->is_object()) {
            throw bad_request(kind.kind + " in version \"" + kind.versions.front() +
                              "\" cannot be handled as a " + kind.kind + ": " + member +
                              ": is no object");
        }
    }
}

json::object body_of(const Call& call) {
    const std::string type = call.content_type.substr(0, call.content_type.find(';'));
    if (!type.empty() && type != "application/json") {
        throw unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json");
    }
    const json::value read = without_nulls(parsed(call.body));
    if (!read.is_object()) {
        throw bad_request("the body of the request is no object");
    }
    json::object object = read.get_object();
    const std::string version = text_at(object, {"apiVersion"});
    if (!version.empty() && version != call.api_version()) {
        throw bad_request("the API version in the data (" + version +
                          ") does not match the expected API version (" + call.api_version() + ")");
    }
    const std::string kind = text_at(object, {"kind"});
    if (!kind.empty() && kind != call.kind->kind) {
        throw bad_request("the object provided is unrecognized: it is a " + kind + ", not a " +
                          call.kind->kind);
    }
    object.erase("kind");
    object.erase("apiVersion");
    check_members(object, *call.kind);
    convert_in(object, *call.kind, call.version);
    return object;
}

Answer shown_answer(unsigned status, const Call& call, const Object& object, WallTime now) {
    return json_answer(status, shown(form_for(call), object, now));
}

Answer listed(Cluster& cluster, const Call& call, const ApiOptions& options, WallTime now) {
    const Store& store = cluster.store();
    const Form form = form_for(call);
    const Filter filter = filter_for(call);
    std::size_t limit = call.number("limit");
    if (options.page_limit != 0) {
        limit = limit == 0 ? options.page_limit : std::min(limit, options.page_limit);
    }
    Continue where;
    const std::string token = call.option("continue");
    const std::uint64_t asked = call.number("resourceVersion");
    if (!token.empty()) {
        where = parse_continue(token);
    } else if (asked > store.version()) {
        throw too_large_version(asked, store.version());
    } else if (call.option("resourceVersionMatch") == "Exact") {
        where.version = asked;
    }
    if (where.version != 0 && where.version < store.oldest(call.kind->stored())) {
        throw expired(
            token.empty()
                ? "The resourceVersion for the provided list is too old."
                : "The provided continue parameter is too old to display a consistent "
                  "list result. You can start a new list without the continue parameter.");
    }
    const auto page = store.list(
        call.kind->stored(), call.space,
        [&](const Key& key, const Object& object) { return filter.wants(key, object.value); },
        where.version, where.start, limit);
    json::object meta{{"resourceVersion", std::to_string(page.version)}};
    if (page.next) {
        meta["continue"] = continue_text({page.version, *page.next});
        // With a selector the real server does not count.
        if (call.option("labelSelector").empty() && call.option("fieldSelector").empty()) {
            meta["remainingItemCount"] = page.left;
        }
    }
    return json_answer(200, shown_list(form, page.items, meta, now));
}

DeleteOptions delete_options(const Call& call) {
    DeleteOptions options;
    if (!call.option("gracePeriodSeconds").empty()) {
        options.grace = static_cast<std::int64_t>(call.number("gracePeriodSeconds"));
    }
    if (call.body.empty()) {
        return options;
    }
    const json::value body = parsed(call.body);
    const json::object* object = body.if_object();
    if (object == nullptr) {
        throw bad_request("the options of the request are no object");
    }
    if (const json::value* nested = object->if_contains("deleteOptions")) {  // of an Eviction
        object = nested->is_object() ? &nested->get_object() : object;
    }
    const json::value* grace = object->if_contains("gracePeriodSeconds");
    if (grace != nullptr && grace->is_int64()) {
        options.grace = grace->get_int64();
    }
    options.uid = text_at(*object, {"preconditions", "uid"});
    options.resource_version = text_at(*object, {"preconditions", "resourceVersion"});
    return options;
}

bool asks_dry_run(const Call& call) {
    boost::system::error_code error;
    const json::value body = json::parse(call.body, error);
    const json::value* list =
        error || !body.is_object() ? nullptr : body.get_object().if_contains("dryRun");
    return call.dry_run() || (list != nullptr && list->is_array() && !list->get_array().empty());
}

json::object success() {
    return {{"kind", "Status"},
            {"apiVersion", "v1"},
            {"metadata", json::object()},
            {"status", "Success"}};
}

Answer deleted(Cluster& cluster, const Call& call, WallTime now) {
    const When when{now, asks_dry_run(call)};
    const auto removed = cluster.remove(*call.kind, key_of(call), delete_options(call), when);
    // Pods and objects that linger are shown as they are, of others only that they are gone.
    if (!removed.gone || call.kind->qualified() == "pods") {
        return shown_answer(200, call, *removed.object, now);
    }
    json::object status = success();
    json::object details{{"name", call.name},
                         {"kind", call.kind->plural},
                         {"uid", meta_text(removed.object->value, "uid")}};
    if (!call.kind->group.empty()) {
        details["group"] = call.kind->group;
    }
    status["details"] = std::move(details);
    return json_answer(200, json::serialize(status));
}

Answer deleted_all(Cluster& cluster, const Call& call, WallTime now) {
    const Filter filter = filter_for(call);
    const DeleteOptions options = delete_options(call);
    const auto page = cluster.store().list(
        call.kind->stored(), call.space,
        [&](const Key& key, const Object& object) { return filter.wants(key, object.value); }, 0,
        {}, 0);
    for (const auto& [key, object] : page.items) {
        (void)cluster.remove(*call.kind, key, options, {now, asks_dry_run(call)});
    }
    json::object meta{{"resourceVersion", std::to_string(cluster.store().version())}};
    return json_answer(200, shown_list(form_for(call), page.items, meta, now));
}

Answer created_part(Cluster& cluster, const Call& call, WallTime now) {
    if (call.subresource == "eviction") {
        (void)cluster.remove(*call.kind, key_of(call), delete_options(call), when_of(call, now));
    } else if (call.subresource == "binding") {
        const json::value body = parsed(call.body);
        if (!body.is_object()) {
            throw bad_request("the binding is no object");
        }
        (void)cluster.bind(key_of(call), text_at(body.get_object(), {"target", "name"}),
                           when_of(call, now));
    } else {
        throw method_not_allowed();
    }
    return json_answer(201, json::serialize(success()));
}

ObjectPtr patched(Cluster& cluster, const Call& call, WallTime now) {
    const std::string type = call.content_type.substr(0, call.content_type.find(';'));
    return cluster.patch(*call.kind, key_of(call), call.subresource, type, parsed(call.body),
                         when_of(call, now));
}

}  // namespace

Answer json_answer(unsigned status, std::string body) {
    Answer answer;
    answer.status = status;
    answer.content_type = "application/json";
    answer.body = std::move(body);
    return answer;
}

Answer answer_of(const Problem& problem) {
    Answer answer = json_answer(problem.code, json::serialize(status_of(problem)));
    if (problem.retry_after) {
        answer.headers.emplace_back("Retry-After", std::to_string(*problem.retry_after));
    }
    answer.code = problem.reason;
    return answer;
}

json::value parsed(const std::string& body) {
    boost::system::error_code error;
    json::value read = json::parse(body, error);
    if (error) {
        throw bad_request("couldn't get version/kind; json parse error: " + error.message());
    }
    return read;
}

Answer carried_out(Cluster& cluster, const Call& call, const ApiOptions& options, WallTime now) {
    if (call.verb == "list") {
        return listed(cluster, call, options, now);
    }
    if (call.verb == "get") {
        return shown_answer(200, call, *cluster.get(*call.kind, key_of(call)), now);
    }
    if (call.verb == "create" && !call.subresource.empty()) {
        return created_part(cluster, call, now);
    }
    if (call.verb == "create") {
        return shown_answer(
            201, call, *cluster.create(*call.kind, call.space, body_of(call), when_of(call, now)),
            now);
    }
    if (call.verb == "update") {
        return shown_answer(200, call,
                            *cluster.update(*call.kind, key_of(call), call.subresource,
                                            body_of(call), when_of(call, now)),
                            now);
    }
    if (call.verb == "patch") {
        return shown_answer(200, call, *patched(cluster, call, now), now);
    }
    return call.verb == "delete" ? deleted(cluster, call, now) : deleted_all(cluster, call, now);
}

WatchOrder watch_order(const Call& call, const ApiOptions& options, WallTime now) {
    WatchOrder order;
    order.form = form_for(call);
    order.filter = filter_for(call);
    order.from = call.number("resourceVersion");
    order.bookmarks = call.flag("allowWatchBookmarks");
    order.bookmark_every = options.bookmark_every;
    if (call.flag("sendInitialEvents")) {
        order.from = 0;
        order.mark_initial = order.bookmarks;
    }
    const auto timeout = call.number("timeoutSeconds");
    order.until = now + (timeout == 0 ? options.watch_timeout
                                      : std::chrono::seconds(static_cast<std::int64_t>(timeout)));
    return order;
}

}  // namespace terway::sim::kube
