#include "fakes/fake_parts.hpp"

namespace terway::fakes {

using cloud::EniStatus;

std::optional<std::uint32_t> FakeNics::find(const Mac& mac) {
    const std::scoped_lock lock(mutex_);
    for (const auto& eni : cloud_.enis()) {
        if (eni.mac == mac && eni.status == EniStatus::InUse && !taken_.contains(mac)) {
            return 100U + eni.mac.bytes[5] + 1000U * moves_[mac];
        }
    }
    return std::nullopt;
}

void FakeNics::take(const Mac& mac) {
    const std::scoped_lock lock(mutex_);
    taken_.insert(mac);
}

void FakeNics::put_back(const Mac& mac) {
    const std::scoped_lock lock(mutex_);
    if (taken_.erase(mac) != 0) {
        ++moves_[mac];
    }
}

unsigned FakeNics::preparations() const {
    const std::scoped_lock lock(mutex_);
    return preparations_;
}

void FakeNics::await_change(const cloud::Patience& /*patience*/) {
    if (while_waiting) {
        while_waiting();
    }
}

void FakeNics::prepare(const pool::EniPlace& /*eni*/) {
    {
        const std::scoped_lock lock(mutex_);
        ++preparations_;
    }
    if (fuse_ != nullptr) {
        fuse_->burn();
    }
}

void FakeNics::forget(const pool::EniPlace& /*eni*/) {
    if (fuse_ != nullptr) {
        fuse_->burn();
    }
}

void FakeJournal::begin(const pool::PendingCall& call) {
    const std::scoped_lock lock(mutex_);
    pending_[call.token] = call;
    if (fuse_ != nullptr) {
        fuse_->burn();
    }
}

void FakeJournal::finish(const std::string& token) {
    const std::scoped_lock lock(mutex_);
    pending_.erase(token);
    if (fuse_ != nullptr) {
        fuse_->burn();
    }
}

std::vector<pool::PendingCall> FakeJournal::pending() {
    const std::scoped_lock lock(mutex_);
    std::vector<pool::PendingCall> out;
    for (const auto& [_, call] : pending_) {
        out.push_back(call);
    }
    return out;
}

void FakeJournal::keep(const pool::EniRecord& eni) {
    const std::scoped_lock lock(mutex_);
    enis_[eni.place.id] = eni;
    if (fuse_ != nullptr) {
        fuse_->burn();
    }
}

void FakeJournal::drop(const std::string& eni) {
    const std::scoped_lock lock(mutex_);
    enis_.erase(eni);
    if (fuse_ != nullptr) {
        fuse_->burn();
    }
}

std::vector<pool::EniRecord> FakeJournal::enis() {
    const std::scoped_lock lock(mutex_);
    std::vector<pool::EniRecord> out;
    for (const auto& [_, eni] : enis_) {
        out.push_back(eni);
    }
    return out;
}

void FakeObserver::count(std::string_view event, std::string_view /*detail*/) noexcept {
    const std::scoped_lock lock(mutex_);
    ++counts_[std::string(event)];
}

unsigned FakeObserver::times(const std::string& event) const {
    const std::scoped_lock lock(mutex_);
    const auto found = counts_.find(event);
    return found == counts_.end() ? 0 : found->second;
}

}  // namespace terway::fakes
