#include "sim/kube/watch.hpp"

#include <algorithm>

#include "sim/kube/problem.hpp"

namespace terway::sim::kube {
namespace {

std::string line(const char* type, const std::string& object) {
    return std::string("{\"type\":\"") + type + "\",\"object\":" + object + "}\n";
}

}  // namespace

std::string Watch::event(const char* type, const Object& object, WallTime now) {
    const bool columns = !columns_sent_;
    columns_sent_ = true;
    return line(type, shown(order_.form, object, now, columns));
}

std::string Watch::bookmark(bool initial_end) {
    json::object meta{{"resourceVersion", std::to_string(*seen_)}, {"creationTimestamp", nullptr}};
    if (initial_end) {
        meta["annotations"] = json::object{{"k8s.io/initial-events-end", "true"}};
    }
    const Kind& kind = *order_.form.kind;
    json::object object{{"kind", kind.kind},
                        {"apiVersion", group_version(kind.group, order_.form.version)},
                        {"metadata", std::move(meta)}};
    if (order_.form.shape == Form::Shape::Table) {
        object["kind"] = "Table";
        object["apiVersion"] = "meta.k8s.io/" + order_.form.table_version;
        object["columnDefinitions"] = json::array();
        object["rows"] = json::array();
    } else if (order_.form.shape == Form::Shape::Partial) {
        object["kind"] = "PartialObjectMetadata";
        object["apiVersion"] = "meta.k8s.io/" + order_.form.table_version;
    }
    return line("BOOKMARK", json::serialize(object));
}

std::string Watch::initial(const Store& store, WallTime now) {
    seen_ = store.version();
    const auto page = store.list(
        order_.form.kind->stored(), order_.filter.space,
        [&](const Key& key, const Object& object) {
            return order_.filter.wants(key, object.value);
        },
        0, {}, 0);
    std::string all;
    for (const auto& [key, object] : page.items) {
        all += event("ADDED", *object, now);
    }
    return all + (order_.mark_initial ? bookmark(true) : "");
}

Watch::Step Watch::next(const Store& store, WallTime now) {
    if (!seen_ && order_.from == 0) {
        std::string all = initial(store, now);
        if (!all.empty()) {
            return {std::move(all), false, now};
        }
    }
    seen_ = seen_.value_or(order_.from);
    const std::string bucket = order_.form.kind->stored();
    if (const auto oldest = store.oldest(bucket); *seen_ < oldest) {
        const Problem gone = expired("too old resource version: " + std::to_string(*seen_) + " (" +
                                     std::to_string(oldest) + ")");
        return {line("ERROR", json::serialize(status_of(gone))), true, now};
    }
    const Filter& filter = order_.filter;
    while (const Change* change = store.after(bucket, *seen_)) {
        seen_ = change->version;
        const bool was = change->before && filter.wants(change->key, change->before->value);
        const bool is = change->after && filter.wants(change->key, change->after->value);
        if (is) {
            return {event(was ? "MODIFIED" : "ADDED", *change->after, now), false, now};
        }
        if (was) {
            // One that no longer matches looks as it last did, with the version of the change.
            Object last = *change->before;
            if (change->last) {
                last = *change->last;
            } else {
                metadata_of(last.value)["resourceVersion"] = std::to_string(change->version);
                last.text = json::serialize(last.value);
            }
            return {event("DELETED", last, now), false, now};
        }
    }
    seen_ = std::max(*seen_, store.version());
    if (now >= order_.until) {
        return {order_.bookmarks ? bookmark(false) : "", true, now};
    }
    if (order_.bookmarks && now >= marked_ + order_.bookmark_every) {
        marked_ = now;
        return {bookmark(false), false, now};
    }
    return {
        "", false,
        order_.bookmarks ? std::min(order_.until, marked_ + order_.bookmark_every) : order_.until};
}

}  // namespace terway::sim::kube
