#include "daemon/service_inbox.hpp"

namespace terway::daemon {
namespace {

service::ObjectName name_of(const kube::Meta& meta) {
    return {meta.space.text(), meta.name.text()};
}

}  // namespace

void ServiceInbox::put(std::shared_ptr<const kube::Service> object) {
    auto name = name_of(object->meta);
    const MutexLock lock(mutex_);
    news_.services.insert_or_assign(std::move(name), std::move(object));
    changed_.notify_one();
}

void ServiceInbox::put(std::shared_ptr<const kube::EndpointSlice> object) {
    auto name = name_of(object->meta);
    const MutexLock lock(mutex_);
    news_.slices.insert_or_assign(std::move(name), std::move(object));
    changed_.notify_one();
}

void ServiceInbox::drop(const kube::Service& object) {
    const MutexLock lock(mutex_);
    news_.services.insert_or_assign(name_of(object.meta), nullptr);
    changed_.notify_one();
}

void ServiceInbox::drop(const kube::EndpointSlice& object) {
    const MutexLock lock(mutex_);
    news_.slices.insert_or_assign(name_of(object.meta), nullptr);
    changed_.notify_one();
}

void ServiceInbox::tell(service::NodeFacts facts) {
    const MutexLock lock(mutex_);
    news_.facts = std::move(facts);
    changed_.notify_one();
}

void ServiceInbox::synced(Kind kind) {
    const MutexLock lock(mutex_);
    synced_ |= static_cast<unsigned>(kind);
    refusals_.erase(kind);
    changed_.notify_one();
}

void ServiceInbox::refused(Kind kind, std::string reason) {
    const MutexLock lock(mutex_);
    if ((synced_ & static_cast<unsigned>(kind)) == 0) {
        refusals_.insert_or_assign(kind, std::move(reason));
    }
}

std::string ServiceInbox::refusal() const {
    const MutexLock lock(mutex_);
    return refusals_.empty() ? "" : refusals_.begin()->second;
}

ServiceNews ServiceInbox::take(const std::stop_token& stop, Deadline deadline) {
    const MutexLock lock(mutex_);
    (void)changed_.wait(mutex_, stop, deadline,
                        [this]() TERWAY_REQUIRES(mutex_) { return has_news(); });
    auto all = std::exchange(news_, {});
    all.is_synced = synced_ == kAll;
    told_synced_ = all.is_synced;
    return all;
}

std::size_t ServiceInbox::size() const {
    const MutexLock lock(mutex_);
    return news_.size();
}

}  // namespace terway::daemon
