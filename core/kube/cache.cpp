#include "kube/cache.hpp"

#include <utility>

#include "terway/error.hpp"

namespace terway::kube {
namespace {

template <class Function, class... Arguments>
void call(const Function& function, Arguments&... arguments) {
    if (function) {
        function(arguments...);
    }
}

}  // namespace

template <class Object>
Cache<Object>::Cache(Words& words, Handlers<Object> handlers, Wanted annotations)
    : handlers_(std::move(handlers)), sink_(words, std::move(annotations)) {}

template <class Object>
Cache<Object>::~Cache() = default;

template <class Object>
std::size_t Cache<Object>::Hash::operator()(const Place& place) const {
    const std::hash<std::string_view> hash;
    return hash(place.name) * 31 + hash(place.space);
}

template <class Object>
auto Cache<Object>::get(const Key& key) const -> Ptr {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(Place{key.space, key.name});
    return found == entries_.end() ? nullptr : found->object;
}

template <class Object>
auto Cache<Object>::wait_for(const Key& key, Deadline deadline, const std::stop_token& stop,
                             const Accept& accept) const -> Ptr {
    std::uint64_t seen = 0;
    while (true) {
        Ptr object;
        {
            const MutexLock lock(mutex_);
            const auto found = entries_.find(Place{key.space, key.name});
            object = found == entries_.end() ? nullptr : found->object;
            seen = changes_;
        }
        if (object != nullptr && (!accept || accept(*object))) {
            return object;
        }
        const MutexLock lock(mutex_);
        if (!news_.wait(mutex_, stop, deadline,
                        [&]() TERWAY_REQUIRES(mutex_) { return changes_ != seen; })) {
            return nullptr;
        }
    }
}

template <class Object>
auto Cache<Object>::all() const -> std::vector<Ptr> {
    const MutexLock lock(mutex_);
    std::vector<Ptr> all;
    all.reserve(entries_.size());
    for (const auto& entry : entries_) {
        all.push_back(entry.object);
    }
    return all;
}

template <class Object>
std::size_t Cache<Object>::size() const {
    const MutexLock lock(mutex_);
    return entries_.size();
}

template <class Object>
bool Cache<Object>::synced() const {
    const MutexLock lock(mutex_);
    return synced_;
}

template <class Object>
bool Cache<Object>::wait_synced(Deadline deadline, const std::stop_token& stop) const {
    const MutexLock lock(mutex_);
    return news_.wait(mutex_, stop, deadline, [&]() TERWAY_REQUIRES(mutex_) { return synced_; });
}

template <class Object>
void Cache<Object>::end_list() {
    for (const auto& gone : drop_unseen()) {
        call(handlers_.deleted, gone);
    }
    {
        const MutexLock lock(mutex_);
        synced_ = true;
        news_.notify_all();
    }
    call(handlers_.synced);
}

template <class Object>
void Cache<Object>::deleted() {
    const auto object = sink_.take();
    if (const auto gone = drop({object.meta.space.view(), object.meta.name.view()})) {
        call(handlers_.deleted, gone);
    }
}

template <class Object>
void Cache<Object>::store(Object object) {
    if (object.meta.name.empty()) {
        throw Error(Status::Internal, "an object without a name");
    }
    if (see(object.meta)) {
        return;
    }
    call(handlers_.trim, object);
    const auto now = std::make_shared<const Object>(std::move(object));
    tell(exchange(now), now);
}

template <class Object>
void Cache<Object>::tell(const Ptr& before, const Ptr& now) const {
    if (before == nullptr) {
        call(handlers_.added, now);
    } else if (before->meta.uid == now->meta.uid) {
        call(handlers_.changed, before, now);
    } else {
        call(handlers_.deleted, before);
        call(handlers_.added, now);
    }
}

template <class Object>
bool Cache<Object>::see(const Meta& meta) {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(Place{meta.space.view(), meta.name.view()});
    if (meta.version.empty() || found == entries_.end() ||
        found->object->meta.version != meta.version || found->object->meta.uid != meta.uid) {
        return false;
    }
    found->generation = generation_;
    return true;
}

template <class Object>
auto Cache<Object>::exchange(const Ptr& object) -> Ptr {
    const Place place{object->meta.space.view(), object->meta.name.view()};
    const MutexLock lock(mutex_);
    Ptr before;
    auto next = entries_.end();
    if (const auto found = entries_.find(place); found != entries_.end()) {
        before = found->object;
        next = entries_.erase(found);
    }
    entries_.insert(next, {object, generation_});
    ++changes_;
    news_.notify_all();
    return before;
}

template <class Object>
auto Cache<Object>::drop(const Place& place) -> Ptr {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(place);
    if (found == entries_.end()) {
        return nullptr;
    }
    auto gone = found->object;
    entries_.erase(found);
    ++changes_;
    news_.notify_all();
    return gone;
}

template <class Object>
auto Cache<Object>::drop_unseen() -> std::vector<Ptr> {
    const MutexLock lock(mutex_);
    std::vector<Ptr> gone;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        if (entry->generation == generation_) {
            ++entry;
            continue;
        }
        gone.push_back(entry->object);
        entry = entries_.erase(entry);
    }
    ++changes_;
    news_.notify_all();
    return gone;
}

template class Cache<Pod>;
template class Cache<Node>;
template class Cache<Namespace>;
template class Cache<NetworkPolicy>;
template class Cache<ClusterNetworkPolicy>;
template class Cache<Service>;
template class Cache<EndpointSlice>;

}  // namespace terway::kube
