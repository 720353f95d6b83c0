// Strings that many objects share: label keys and values, namespaces, names of nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/mutex.hpp"

namespace terway::kube {

// An immutable string in eight bytes; copies share the text. Any thread.
class Word {
public:
    Word() = default;  // empty
    explicit Word(std::string_view text);
    ~Word() { release(); }
    Word(const Word& other) noexcept : body_(other.body_) { retain(); }
    Word(Word&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
    Word& operator=(Word other) noexcept {
        std::swap(body_, other.body_);
        return *this;
    }

    [[nodiscard]] std::string_view view() const noexcept;
    [[nodiscard]] std::string text() const { return std::string(view()); }
    [[nodiscard]] bool empty() const noexcept { return body_ == nullptr; }
    // Whether nobody else has it.
    [[nodiscard]] bool is_sole() const noexcept;

    friend bool operator==(const Word& a, const Word& b) noexcept {
        return a.body_ == b.body_ || a.view() == b.view();
    }
    friend bool operator==(const Word& a, std::string_view b) noexcept { return a.view() == b; }
    friend bool operator<(const Word& a, const Word& b) noexcept { return a.view() < b.view(); }

private:
    struct Body;

    void retain() noexcept;
    void release() noexcept;

    Body* body_ = nullptr;
};

// A monitor; any thread. The same text gives the same word for as long as anybody has it.
class Words {
public:
    [[nodiscard]] Word word(std::string_view text);
    [[nodiscard]] std::size_t size() const;

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
        std::size_t operator()(const Word& word) const { return (*this)(word.view()); }
    };
    struct Same {
        using is_transparent = void;
        bool operator()(const Word& a, const Word& b) const { return a == b; }
        bool operator()(const Word& a, std::string_view b) const { return a == b; }
        bool operator()(std::string_view a, const Word& b) const { return b == a; }
    };

    void sweep() TERWAY_REQUIRES(mutex_);

    mutable Mutex mutex_;
    std::unordered_set<Word, Hash, Same> words_ TERWAY_GUARDED_BY(mutex_);
    std::size_t sweep_at_ TERWAY_GUARDED_BY(mutex_) = 1024;
};

}  // namespace terway::kube
