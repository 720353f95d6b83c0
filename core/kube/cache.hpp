// What a watch has told, by namespace and name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "kube/cluster_network_policy.hpp"
#include "kube/endpoint_slice.hpp"
#include "kube/feed.hpp"
#include "kube/network_policy.hpp"
#include "kube/object_sink.hpp"
#include "kube/service.hpp"

namespace terway::kube {

struct Key {
    std::string space;  // empty for kinds without namespaces
    std::string name;
};

// Called by the thread that feeds the cache, without a lock, in the order of the changes, when the
// cache has the new state. Any may be empty. What one throws fails the watch, which begins again.
template <class Object>
struct Handlers {
    using Ptr = std::shared_ptr<const Object>;
    std::function<void(const Ptr&)> added;
    std::function<void(const Ptr& before, const Ptr& now)> changed;
    std::function<void(const Ptr&)> deleted;  // as it was last
    std::function<void()> synced;             // after each whole list
    std::function<void(Object&)> trim;        // takes from a new one what nobody will ask for
};

// A monitor: the feeding side (Target) is one thread's, the rest is any thread's. An object with
// the same name but another uid is another object: the old one is deleted, the new one added.
template <class Object>
class Cache final : public Target {
public:
    using Ptr = std::shared_ptr<const Object>;
    using Accept = std::function<bool(const Object&)>;

    // Borrows `words`.
    Cache(Words& words, Handlers<Object> handlers, Wanted annotations = is_terway_annotation);
    ~Cache() override;
    Cache(const Cache&) = delete;
    Cache& operator=(const Cache&) = delete;

    // Null if it is not there.
    [[nodiscard]] Ptr get(const Key& key) const;
    // Waits until it is there and `accept`, if given, likes it; null when it was in vain.
    [[nodiscard]] Ptr wait_for(const Key& key, Deadline deadline, const std::stop_token& stop,
                               const Accept& accept = {}) const;
    [[nodiscard]] std::vector<Ptr> all() const;
    [[nodiscard]] std::size_t size() const;
    // Whether a whole list was ever read.
    [[nodiscard]] bool synced() const;
    [[nodiscard]] bool wait_synced(Deadline deadline, const std::stop_token& stop) const;

    [[nodiscard]] std::vector<Member> members() const override { return members_of<Object>(); }
    [[nodiscard]] Sink& sink() override { return sink_; }
    void begin_list() override { ++generation_; }
    void listed() override { store(sink_.take()); }
    void end_list() override;
    void changed() override { store(sink_.take()); }
    void deleted() override;
    void forget() override { (void)sink_.take(); }

private:
    struct Place {
        std::string_view space;
        std::string_view name;
    };
    struct Entry {
        Ptr object;
        mutable std::uint32_t generation;  // of the last list or event that had it
        [[nodiscard]] Place place() const {
            return {object->meta.space.view(), object->meta.name.view()};
        }
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const Place& place) const;
        std::size_t operator()(const Entry& entry) const { return (*this)(entry.place()); }
    };
    struct Same {
        using is_transparent = void;
        static bool equal(const Place& a, const Place& b) {
            return a.name == b.name && a.space == b.space;
        }
        bool operator()(const Entry& a, const Entry& b) const {
            return equal(a.place(), b.place());
        }
        bool operator()(const Entry& a, const Place& b) const { return equal(a.place(), b); }
        bool operator()(const Place& a, const Entry& b) const { return equal(a, b.place()); }
    };
    using Entries = std::unordered_set<Entry, Hash, Same>;

    void store(Object object);
    // Puts it in; gives what was there before.
    [[nodiscard]] Ptr exchange(const Ptr& object);
    // Whether that very version is there; it counts as seen.
    [[nodiscard]] bool see(const Meta& meta);
    [[nodiscard]] std::vector<Ptr> drop_unseen();
    [[nodiscard]] Ptr drop(const Place& place);
    void tell(const Ptr& before, const Ptr& now) const;

    const Handlers<Object> handlers_;
    ObjectSink<Object> sink_;
    std::uint32_t generation_ = 0;  // of the feeding thread

    mutable Mutex mutex_;
    mutable Condition news_;
    Entries entries_ TERWAY_GUARDED_BY(mutex_);
    std::uint64_t changes_ TERWAY_GUARDED_BY(mutex_) = 0;
    bool synced_ TERWAY_GUARDED_BY(mutex_) = false;
};

extern template class Cache<Pod>;
extern template class Cache<Node>;
extern template class Cache<Namespace>;
extern template class Cache<NetworkPolicy>;
extern template class Cache<ClusterNetworkPolicy>;
extern template class Cache<Service>;
extern template class Cache<EndpointSlice>;

}  // namespace terway::kube
