#include "kube/word.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

namespace terway::kube {

// The text follows.
struct Word::Body {
    explicit Body(std::size_t length) : size(static_cast<std::uint32_t>(length)) {}

    [[nodiscard]] char* text() noexcept { return reinterpret_cast<char*>(this + 1); }

    std::atomic<std::uint32_t> owners{1};
    std::uint32_t size;
};

Word::Word(std::string_view text) {
    if (!text.empty()) {
        body_ = new (::operator new(sizeof(Body) + text.size())) Body(text.size());
        std::memcpy(body_->text(), text.data(), text.size());
    }
}

std::string_view Word::view() const noexcept {
    return body_ == nullptr ? std::string_view() : std::string_view(body_->text(), body_->size);
}

bool Word::is_sole() const noexcept {
    return body_ != nullptr && body_->owners.load(std::memory_order_acquire) == 1;
}

void Word::retain() noexcept {
    if (body_ != nullptr) {
        body_->owners.fetch_add(1, std::memory_order_relaxed);
    }
}

void Word::release() noexcept {
    if (body_ != nullptr && body_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        body_->~Body();
        ::operator delete(body_);
    }
}

Word Words::word(std::string_view text) {
    if (text.empty()) {
        return {};
    }
    const MutexLock lock(mutex_);
    if (const auto found = words_.find(text); found != words_.end()) {
        return *found;
    }
    sweep();
    return *words_.emplace(text).first;
}

std::size_t Words::size() const {
    const MutexLock lock(mutex_);
    return words_.size();
}

// A word that only we have stays so: others get it from us, and need the lock for that.
void Words::sweep() {
    if (words_.size() >= sweep_at_) {
        std::erase_if(words_, [](const Word& word) { return word.is_sole(); });
        sweep_at_ = std::max<std::size_t>(1024, words_.size() * 2);
    }
}

}  // namespace terway::kube
