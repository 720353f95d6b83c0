#include "daemon/service_book.hpp"

namespace terway::daemon {

void ServiceBook::add_modules(const std::set<std::string>& ids) {
    for (const auto& id : ids) {
        modules_.try_emplace(id);
    }
}

void ServiceBook::take(const ServiceNews& news) {
    if (news.facts) {
        index_.set_facts(*news.facts);
    }
    for (const auto& [name, service] : news.services) {
        if (service != nullptr) {
            index_.set_service(service);
        } else {
            index_.remove_service(name);
        }
    }
    for (const auto& [name, slice] : news.slices) {
        if (slice != nullptr) {
            index_.set_slice(slice);
        } else {
            index_.remove_slice(name);
        }
    }
    is_synced_ = is_synced_ || news.is_synced;
}

std::vector<ServiceDelivery> ServiceBook::round() {
    std::vector<ServiceDelivery> all;
    if (!is_synced_) {
        return all;
    }
    const auto difference = std::make_shared<const service::Update>(index_.take());
    std::shared_ptr<const service::Update> everything;
    for (const auto& [id, module] : modules_) {
        if (module.needs_full && everything == nullptr) {
            everything = std::make_shared<const service::Update>(index_.everything());
        }
        if (module.needs_full || !difference->empty()) {
            all.push_back({id, module.needs_full, revision_ + 1,
                           module.needs_full ? everything : difference});
        }
    }
    revision_ += all.empty() ? 0 : 1;
    return all;
}

void ServiceBook::settle(const ServiceDelivery& delivery, bool is_applied) {
    auto& module = modules_.at(delivery.module);
    module.needs_full = !is_applied;
    if (is_applied) {
        module.had = delivery.revision;
    }
}

void ServiceBook::distrust() {
    for (auto& [_, module] : modules_) {
        module.needs_full = true;
    }
}

std::vector<std::string> ServiceBook::modules() const {
    std::vector<std::string> all;
    for (const auto& [id, _] : modules_) {
        all.push_back(id);
    }
    return all;
}

std::uint64_t ServiceBook::had(const std::string& module) const {
    const auto found = modules_.find(module);
    return found == modules_.end() ? 0 : found->second.had;
}

}  // namespace terway::daemon
