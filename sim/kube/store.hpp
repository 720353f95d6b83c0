// Every object of the cluster, with one counter of versions and a history to look back in. Pure.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace terway::sim::kube {

namespace json = boost::json;

// Never changes once it is in the store. `kind` and `apiVersion` are not part of it: they depend on
// how it is asked for.
struct Object {
    json::object value;
    std::string text;  // of `value`
    std::uint64_t version = 0;
};
using ObjectPtr = std::shared_ptr<const Object>;

struct Key {
    std::string space;  // namespace, empty for objects of the cluster
    std::string name;
    auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr)
};

struct Change {
    std::uint64_t version = 0;
    Key key;
    ObjectPtr before;  // null: created
    ObjectPtr after;   // null: removed
    ObjectPtr last;    // of a removed one: as it was, with the version of its removal
};

// One thread at a time.
class Store {
public:
    using Wanted = std::function<bool(const Key&, const Object&)>;

    // How many changes each bucket remembers.
    explicit Store(std::size_t history = 10000) : most_(history) {}

    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
    [[nodiscard]] ObjectPtr find(const std::string& bucket, const Key& key) const;

    // Creates or replaces; sets metadata.resourceVersion.
    ObjectPtr put(const std::string& bucket, const Key& key, json::object value);
    // Answers it with the version of its removal; null if there is none.
    ObjectPtr remove(const std::string& bucket, const Key& key);

    // A version at which nothing is remembered any more, or nothing yet, cannot be looked back to.
    [[nodiscard]] std::uint64_t oldest(const std::string& bucket) const;

    struct Page {
        std::vector<std::pair<Key, ObjectPtr>> items;
        std::optional<Key> next;  // where to go on
        std::uint64_t left = 0;   // how many more there are, wanted ones
        std::uint64_t version = 0;
    };
    // As it was at `version` (0: now), from `start` on, at most `limit` (0: all). `space` empty:
    // all namespaces. `version` must not be older than `oldest`.
    [[nodiscard]] Page list(const std::string& bucket, const std::string& space,
                            const Wanted& wanted, std::uint64_t version, const Key& start,
                            std::size_t limit) const;

    // The first change after `version`; null if there is none yet.
    [[nodiscard]] const Change* after(const std::string& bucket, std::uint64_t version) const;

    void set_history(std::size_t most);
    // Forgets all changes, as a real server does every few minutes.
    void compact();
    [[nodiscard]] std::map<std::string, std::size_t> counts() const;

private:
    struct Bucket {
        std::map<Key, ObjectPtr> objects;
        std::deque<Change> changes;
        std::uint64_t forgotten = 0;  // version of the newest change no longer remembered
    };
    using Objects = std::map<Key, ObjectPtr>;

    void remember(Bucket& bucket, Change change);
    void trim(Bucket& bucket) const;
    [[nodiscard]] static Objects since(const Bucket& bucket, std::uint64_t version);

    std::map<std::string, Bucket> buckets_;
    std::uint64_t version_ = 1;
    std::uint64_t compacted_ = 0;
    std::size_t most_;
};

// Members of metadata; empty if absent or no string.
[[nodiscard]] std::string meta_text(const json::object& object, const char* member);
// object.a.b.c, null if anything on the way is missing.
[[nodiscard]] const json::value* at_path(const json::object& object,
                                         std::initializer_list<const char*> path);
[[nodiscard]] std::string text_at(const json::object& object,
                                  std::initializer_list<const char*> path);
// object.metadata, made if it is not there.
[[nodiscard]] json::object& metadata_of(json::object& object);
// object[member] as an object, made if it is not one.
[[nodiscard]] json::object& child_of(json::object& object, const char* member);

}  // namespace terway::sim::kube
