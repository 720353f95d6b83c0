#include "daemon/policy_inbox.hpp"

#include <utility>

namespace terway::daemon {
namespace {

constexpr unsigned kAllKinds = 7;

policy::ObjectName name_of(const kube::Meta& meta) {
    return {meta.space.text(), meta.name.text()};
}

}  // namespace

void PolicyInbox::put(std::shared_ptr<const kube::Namespace> space) {
    auto name = space->meta.name.text();
    const MutexLock lock(mutex_);
    news_.spaces.insert_or_assign(std::move(name), std::move(space));
    changed_.notify_one();
}

void PolicyInbox::put(std::shared_ptr<const kube::Pod> pod) {
    auto name = name_of(pod->meta);
    const MutexLock lock(mutex_);
    news_.pods.insert_or_assign(std::move(name), std::move(pod));
    changed_.notify_one();
}

void PolicyInbox::put(std::shared_ptr<const kube::NetworkPolicy> policy) {
    auto name = name_of(policy->meta);
    const MutexLock lock(mutex_);
    news_.policies.insert_or_assign(std::move(name), std::move(policy));
    changed_.notify_one();
}

void PolicyInbox::drop(const kube::Namespace& space) {
    const MutexLock lock(mutex_);
    news_.spaces.insert_or_assign(space.meta.name.text(), nullptr);
    changed_.notify_one();
}

void PolicyInbox::drop(const kube::Pod& pod) {
    const MutexLock lock(mutex_);
    news_.pods.insert_or_assign(name_of(pod.meta), nullptr);
    changed_.notify_one();
}

void PolicyInbox::drop(const kube::NetworkPolicy& policy) {
    const MutexLock lock(mutex_);
    news_.policies.insert_or_assign(name_of(policy.meta), nullptr);
    changed_.notify_one();
}

void PolicyInbox::synced(Kind kind) {
    const MutexLock lock(mutex_);
    synced_ |= static_cast<unsigned>(kind);
    changed_.notify_one();
}

void PolicyInbox::tell(SeatNews news) {
    const MutexLock lock(mutex_);
    news_.seats.push_back(std::move(news));
    changed_.notify_one();
}

bool PolicyInbox::has_news() const {
    return news_.size() != 0 || (synced_ == kAllKinds && !told_synced_);
}

PolicyNews PolicyInbox::take(const std::stop_token& stop, Deadline deadline) {
    const MutexLock lock(mutex_);
    (void)changed_.wait(mutex_, stop, deadline,
                        [this]() TERWAY_REQUIRES(mutex_) { return has_news(); });
    auto all = std::exchange(news_, {});
    all.is_synced = synced_ == kAllKinds;
    told_synced_ = all.is_synced;
    return all;
}

std::size_t PolicyInbox::size() const {
    const MutexLock lock(mutex_);
    return news_.size();
}

}  // namespace terway::daemon
