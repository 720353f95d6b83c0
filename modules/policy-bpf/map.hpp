// A BPF map with keys and values of known types.
#pragma once

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "terway/error.hpp"

namespace terway::policy_bpf {

// Throws Error with the remedy where a map is full.
[[noreturn]] void throw_map_error(const std::string& doing, const std::string& map, int error);

// Any thread. Everything throws Error.
template <class Key, class Value>
class Map {
public:
    Map(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

    void put(const Key& key, const Value& value) const {
        if (::bpf_map_update_elem(fd_.get(), &key, &value, BPF_ANY) != 0) {
            throw_map_error("write to", name_, errno);
        }
    }
    // False if it was not there.
    bool remove(const Key& key) const {
        if (::bpf_map_delete_elem(fd_.get(), &key) != 0) {
            if (errno == ENOENT) {
                return false;
            }
            throw_map_error("delete from", name_, errno);
        }
        return true;
    }
    [[nodiscard]] std::optional<Value> find(const Key& key) const {
        Value value{};
        if (::bpf_map_lookup_elem(fd_.get(), &key, &value) == 0) {
            return value;
        }
        if (errno != ENOENT) {
            throw_map_error("read", name_, errno);
        }
        return std::nullopt;
    }
    // Keys that are meant; some that come or go meanwhile may be missed.
    [[nodiscard]] std::vector<Key> keys(const std::function<bool(const Key&)>& meant) const {
        std::vector<Key> found;
        Key key{};
        Key next{};
        const Key* before = nullptr;
        while (::bpf_map_get_next_key(fd_.get(), before, &next) == 0) {
            key = next;
            before = &key;
            if (meant(key)) {
                found.push_back(key);
            }
        }
        return found;
    }

    // All elements, many with one call, until `body` answers false; such that come or go meanwhile
    // may be missed.
    void each_batch(std::uint32_t count,
                    const std::function<bool(const Key&, const Value&)>& body) const {
        std::vector<Key> keys(count);
        std::vector<Value> values(count);
        std::uint32_t place = 0;
        bool is_first = true;
        bool is_last = false;
        while (!is_last) {
            auto got = count;
            const int failed =
                ::bpf_map_lookup_batch(fd_.get(), is_first ? nullptr : &place, &place, keys.data(),
                                       values.data(), &got, nullptr);
            is_last = failed != 0 && errno == ENOENT;
            if (failed != 0 && !is_last) {
                throw_map_error("list", name_, errno);
            }
            is_first = false;
            for (std::uint32_t i = 0; i < got; ++i) {
                if (!body(keys[i], values[i])) {
                    return;
                }
            }
        }
    }

private:
    Fd fd_;
    std::string name_;
};

// Into shared memory that programs read meanwhile.
template <class Value>
void store(Value& where, std::type_identity_t<Value> value) {
    std::atomic_ref<Value>(where).store(value, std::memory_order_release);
}

// The elements of an array the kernel shares with us.
template <class Value>
class Shared {
public:
    Shared(const Fd& map, std::size_t count) : count_(count) {
        void* const at = ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, map.get(), 0);
        if (at == MAP_FAILED) {
            throw system_error("share the memory of a BPF map", errno);
        }
        values_ = static_cast<Value*>(at);
    }
    ~Shared() { ::munmap(values_, bytes()); }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;

    [[nodiscard]] Value& operator[](std::size_t index) const { return values_[index]; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

private:
    [[nodiscard]] std::size_t bytes() const noexcept { return count_ * sizeof(Value); }

    std::size_t count_;
    Value* values_ = nullptr;
};

}  // namespace terway::policy_bpf
