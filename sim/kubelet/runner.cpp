#include "sim/kubelet/runner.hpp"

#include <utility>

#include "terway/error.hpp"

namespace terway::sim::kubelet {
namespace {

json::object runtime_of(const PodOrder& order) {
    return {{"io.kubernetes.cri.pod-annotations", annotations_of(order.pod->value)}};
}

}  // namespace

std::vector<IpAddress> Runner::start(const PodOrder& order, unsigned attempt) {
    stop(order);
    Running running;
    running.key = order.key;
    auto& attachment = running.attachment;
    attachment.container = container_id(order, attempt);
    running.sandbox = std::make_shared<Sandbox>(directory_, attachment.container);
    attachment.netns = running.sandbox->path();
    attachment.args = cni_args(order, attachment.container);
    attachment.runtime = runtime_of(order);
    remember(order.uid, running);
    try {
        network_.add(attachment);
        auto addresses = addresses_of(attachment.result);
        remember(order.uid, std::move(running));
        return addresses;
    } catch (const Error& failure) {
        try {
            stop(order);
        } catch (const Error& another) {
            throw Error(failure.status(),
                        std::string(failure.what()) + "; and afterwards: " + another.what());
        }
        throw;
    }
}

void Runner::stop(const PodOrder& order) {
    const auto running = find(order.uid);
    if (running == nullptr) {
        return;
    }
    network_.del(running->attachment);
    const MutexLock lock(mutex_);
    all_.erase(order.uid);
}

std::shared_ptr<const Sandbox> Runner::sandbox(const kube::Key& pod) const {
    const MutexLock lock(mutex_);
    std::shared_ptr<const Running> newest;
    for (const auto& [uid, running] : all_) {
        if (running->key == pod && (newest == nullptr || running->number > newest->number)) {
            newest = running;
        }
    }
    return newest == nullptr ? nullptr : newest->sandbox;
}

std::size_t Runner::count() const {
    const MutexLock lock(mutex_);
    return all_.size();
}

void Runner::remember(const std::string& uid, Running running) {
    const MutexLock lock(mutex_);
    running.number = ++made_;
    all_[uid] = std::make_shared<const Running>(std::move(running));
}

std::shared_ptr<const Runner::Running> Runner::find(const std::string& uid) const {
    const MutexLock lock(mutex_);
    const auto found = all_.find(uid);
    return found == all_.end() ? nullptr : found->second;
}

}  // namespace terway::sim::kubelet
