#include "service_store.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <span>
#include <utility>

#include "compile.hpp"
#include "terway/error.hpp"

namespace terway::policy_bpf {
namespace {

policy_address address_of(std::uint8_t family, const std::uint8_t* bytes) {
    if (family != 4 && family != 6) {
        throw Error(Status::Invalid, "service update: a frontend of no family");
    }
    const bool v4 = family == 4;
    return policy_bpf::address_of(
        IpAddress(v4 ? Family::V4 : Family::V6, std::span(bytes, v4 ? 4U : 16U)));
}

policy_frontend_key key_of(const twy_frontend_key& raw) {
    return {address_of(raw.family, raw.address), raw.port, raw.protocol, 0, 0};
}

bool is_translated(const twy_frontend_key& key) {
    return key.protocol == IPPROTO_TCP || key.protocol == IPPROTO_UDP;
}

policy_target_key target_of(std::uint32_t frontend, const policy_backend& backend) {
    return {frontend, backend.port, 0, backend.address};
}

}  // namespace

void dispose(const State& state, const ServiceWaste& waste) {
    for (const auto& key : waste.backends) {
        (void)state.backends().remove(key);
    }
    for (const auto& key : waste.targets) {
        (void)state.targets().remove(key);
    }
    if (waste.below == 0) {
        return;
    }
    const auto is_earlier = [&](const auto& key) { return key.frontend < waste.below; };
    for (const auto& key : state.backends().keys(is_earlier)) {
        (void)state.backends().remove(key);
    }
    for (const auto& key : state.targets().keys(is_earlier)) {
        (void)state.targets().remove(key);
    }
}

bool ServiceStore::Less::operator()(const policy_frontend_key& left,
                                    const policy_frontend_key& right) const {
    return std::memcmp(&left, &right, sizeof left) < 0;
}

void ServiceStore::apply(const twy_service_update& update) {
    std::set<policy_frontend_key, Less> told;
    for (std::size_t i = 0; i < update.frontend_count; ++i) {
        if (is_translated(update.frontends[i]->key)) {
            put(*update.frontends[i]);
            told.insert(key_of(update.frontends[i]->key));
        }
    }
    for (std::size_t i = 0; i < update.gone_count; ++i) {
        if (is_translated(update.gone[i])) {
            remove(key_of(update.gone[i]));
        }
    }
    if (update.is_full != 0) {
        const auto untold =
            state_.frontends().keys([&](const auto& key) { return !told.contains(key); });
        for (const auto& key : untold) {
            remove(key);
        }
        if (std::exchange(has_earlier_, false)) {
            waste_.below = first_;
        }
    }
    state_.settings().has_services = known_.empty() ? 0 : 1;
}

void ServiceStore::put(const twy_frontend& frontend) {
    Known now;
    now.id = state_.take_id();
    const auto key = key_of(frontend.key);
    try {
        write(frontend, now);
        state_.frontends().put(key, {now.id, now.ready, frontend.affinity_seconds,
                                     frontend.without_backends == TWY_DROP ? 1U : 0U});
    } catch (const Error&) {
        erase(now);
        throw;
    }
    if (const auto before = known_.find(key); before != known_.end()) {
        retire(before->second);
    }
    known_[key] = std::move(now);
}

void ServiceStore::write(const twy_frontend& frontend, Known& now) const {
    for (std::size_t i = 0; i < frontend.backend_count; ++i) {
        const auto& raw = frontend.backends[i];
        const policy_backend backend{address_of(frontend.key.family, raw.address), raw.port, 0, 0};
        const bool is_ready = raw.state == TWY_BACKEND_READY;
        now.targets.push_back(backend);
        state_.targets().put(target_of(now.id, backend), is_ready ? POLICY_READY : POLICY_DRAINING);
        if (is_ready) {
            state_.backends().put({now.id, now.ready++}, backend);
        }
    }
}

// Of one that nobody was led to.
void ServiceStore::erase(const Known& known) const {
    for (std::uint32_t number = 0; number < known.ready; ++number) {
        (void)state_.backends().remove({known.id, number});
    }
    for (const auto& backend : known.targets) {
        (void)state_.targets().remove(target_of(known.id, backend));
    }
}

void ServiceStore::remove(const policy_frontend_key& key) {
    (void)state_.frontends().remove(key);
    if (const auto gone = known_.extract(key)) {
        retire(gone.mapped());
    }
}

void ServiceStore::retire(const Known& known) {
    for (std::uint32_t number = 0; number < known.ready; ++number) {
        waste_.backends.push_back({known.id, number});
    }
    for (const auto& backend : known.targets) {
        waste_.targets.push_back(target_of(known.id, backend));
    }
}

ServiceWaste ServiceStore::take_waste() {
    return std::exchange(waste_, {});
}

}  // namespace terway::policy_bpf
