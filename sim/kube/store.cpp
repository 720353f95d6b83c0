#include "sim/kube/store.hpp"

#include <algorithm>
#include <utility>

namespace terway::sim::kube {

ObjectPtr Store::find(const std::string& bucket, const Key& key) const {
    const auto place = buckets_.find(bucket);
    if (place == buckets_.end()) {
        return nullptr;
    }
    const auto found = place->second.objects.find(key);
    return found == place->second.objects.end() ? nullptr : found->second;
}

namespace {

ObjectPtr stamped(json::object value, std::uint64_t version) {
    metadata_of(value)["resourceVersion"] = std::to_string(version);
    auto object = std::make_shared<Object>();
    object->text = json::serialize(value);
    object->value = std::move(value);
    object->version = version;
    return object;
}

}  // namespace

ObjectPtr Store::put(const std::string& bucket, const Key& key, json::object value) {
    Bucket& place = buckets_[bucket];
    ObjectPtr object = stamped(std::move(value), ++version_);
    ObjectPtr& slot = place.objects[key];
    remember(place, {version_, key, slot, object, nullptr});
    slot = object;
    return object;
}

ObjectPtr Store::remove(const std::string& bucket, const Key& key) {
    Bucket& place = buckets_[bucket];
    const auto found = place.objects.find(key);
    if (found == place.objects.end()) {
        return nullptr;
    }
    ObjectPtr last = stamped(found->second->value, ++version_);
    remember(place, {version_, key, found->second, nullptr, last});
    place.objects.erase(found);
    return last;
}

void Store::remember(Bucket& bucket, Change change) {
    bucket.changes.push_back(std::move(change));
    trim(bucket);
}

void Store::trim(Bucket& bucket) const {
    while (bucket.changes.size() > most_) {
        bucket.forgotten = bucket.changes.front().version;
        bucket.changes.pop_front();
    }
}

std::uint64_t Store::oldest(const std::string& bucket) const {
    const auto place = buckets_.find(bucket);
    return std::max(compacted_, place == buckets_.end() ? 0 : place->second.forgotten);
}

// What is different at `version` from now: null for what did not exist.
Store::Objects Store::since(const Bucket& bucket, std::uint64_t version) {
    Objects different;
    for (auto next = bucket.changes.rbegin();
         next != bucket.changes.rend() && next->version > version; ++next) {
        different[next->key] = next->before;
    }
    return different;
}

Store::Page Store::list(const std::string& bucket, const std::string& space, const Wanted& wanted,
                        std::uint64_t version, const Key& start, std::size_t limit) const {
    Page page;
    page.version = version == 0 ? version_ : version;
    const auto place = buckets_.find(bucket);
    if (place == buckets_.end()) {
        return page;
    }
    const Objects& now = place->second.objects;
    const Objects then = page.version >= version_ ? Objects() : since(place->second, page.version);
    const Key first = std::max(start, Key{space, ""});
    auto current = now.lower_bound(first);
    auto past = then.lower_bound(first);
    while (current != now.end() || past != then.end()) {
        const bool old =
            past != then.end() && (current == now.end() || past->first <= current->first);
        const Key& key = old ? past->first : current->first;
        const ObjectPtr object = old ? past->second : current->second;
        if (!space.empty() && key.space != space) {
            break;
        }
        if (object && wanted(key, *object)) {
            if (limit == 0 || page.items.size() < limit) {
                page.items.emplace_back(key, object);
            } else {
                page.next = page.next ? page.next : std::optional(key);
                ++page.left;
            }
        }
        if (old && current != now.end() && current->first == past->first) {
            ++current;
        }
        old ? (void)++past : (void)++current;
    }
    return page;
}

const Change* Store::after(const std::string& bucket, std::uint64_t version) const {
    const auto place = buckets_.find(bucket);
    if (place == buckets_.end()) {
        return nullptr;
    }
    const auto& changes = place->second.changes;
    const auto next = std::upper_bound(
        changes.begin(), changes.end(), version,
        [](std::uint64_t asked, const Change& change) { return asked < change.version; });
    return next == changes.end() ? nullptr : &*next;
}

void Store::set_history(std::size_t most) {
    most_ = most;
    for (auto& [name, bucket] : buckets_) {
        trim(bucket);
    }
}

void Store::compact() {
    compacted_ = version_;
    for (auto& [name, bucket] : buckets_) {
        bucket.changes.clear();
    }
}

std::map<std::string, std::size_t> Store::counts() const {
    std::map<std::string, std::size_t> all;
    for (const auto& [name, bucket] : buckets_) {
        all[name] = bucket.objects.size();
    }
    return all;
}

const json::value* at_path(const json::object& object, std::initializer_list<const char*> path) {
    const json::object* here = &object;
    const json::value* found = nullptr;
    for (const char* member : path) {
        if (here == nullptr) {
            return nullptr;
        }
        found = here->if_contains(member);
        here = found == nullptr ? nullptr : found->if_object();
        if (found == nullptr) {
            return nullptr;
        }
    }
    return found;
}

std::string text_at(const json::object& object, std::initializer_list<const char*> path) {
    const json::value* found = at_path(object, path);
    const json::string* text = found == nullptr ? nullptr : found->if_string();
    return text == nullptr ? "" : std::string(*text);
}

std::string meta_text(const json::object& object, const char* member) {
    return text_at(object, {"metadata", member});
}

json::object& child_of(json::object& object, const char* member) {
    json::value& value = object[member];
    return value.is_object() ? value.get_object() : value.emplace_object();
}

json::object& metadata_of(json::object& object) {
    return child_of(object, "metadata");
}

}  // namespace terway::sim::kube
