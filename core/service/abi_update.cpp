#include "service/abi_update.hpp"

#include <algorithm>
#include <cstddef>

#include "terway/types.hpp"

namespace terway::service {
namespace {

void put(const IpAddress& address, std::uint8_t* into) {
    const auto bytes = address.bytes();
    std::copy(bytes.begin(), bytes.end(), into);
}

}  // namespace

twy_frontend_key to_abi(const FrontendKey& key) {
    twy_frontend_key made{};
    made.family = static_cast<std::uint8_t>(key.address.family());
    made.protocol = kube::number_of(key.protocol);
    made.port = key.port;
    put(key.address, made.address);
    return made;
}

twy_backend to_abi(const Backend& backend) {
    twy_backend made{};
    made.state = backend.state == BackendState::Ready ? TWY_BACKEND_READY : TWY_BACKEND_DRAINING;
    made.port = backend.port;
    put(backend.address, made.address);
    return made;
}

void AbiUpdate::add(const Frontend& frontend) {
    auto made = sdk::sized<twy_frontend>();
    made.without_backends =
        frontend.without_backends == WithoutBackends::Drop ? TWY_DROP : TWY_REFUSE;
    made.key = to_abi(frontend.key);
    made.affinity_seconds = frontend.affinity_seconds;
    made.backends = backends_.data() + backends_.size();
    made.backend_count = frontend.backends->size();
    made.service = sdk::str(frontend.service.view());
    for (const auto& each : *frontend.backends) {
        backends_.push_back(to_abi(each));
    }
    frontends_.push_back(made);
    list_.push_back(&frontends_.back());
}

AbiUpdate::AbiUpdate(const Update& update, bool is_full, std::uint64_t revision) {
    std::size_t backends = 0;
    for (const auto& each : update.frontends) {
        backends += each->backends->size();
    }
    // Nothing that is pointed to may move.
    backends_.reserve(backends);
    frontends_.reserve(update.frontends.size());
    list_.reserve(update.frontends.size());
    for (const auto& each : update.frontends) {
        add(*each);
    }
    for (const auto& key : is_full ? std::vector<FrontendKey>{} : update.gone) {
        gone_.push_back(to_abi(key));
    }
    raw_ = sdk::sized<twy_service_update>();
    raw_.is_full = is_full ? 1 : 0;
    raw_.revision = revision;
    raw_.frontends = list_.data();
    raw_.frontend_count = list_.size();
    raw_.gone = gone_.data();
    raw_.gone_count = gone_.size();
}

}  // namespace terway::service
