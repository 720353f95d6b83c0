// Hands what a JsonReader says of one object to its Builder.
#pragma once

#include <string_view>
#include <utility>

#include "kube/json.hpp"
#include "kube/objects.hpp"

namespace terway::kube {

template <class Object>
class ObjectSink final : public Sink {
public:
    // Borrows `words`.
    ObjectSink(Words& words, Wanted annotations) : builder_(words, std::move(annotations)) {}

    void begin(Tag tag) override { builder_.begin(tag); }
    void end(Tag tag) override { builder_.end(tag); }
    bool wants(Tag tag, std::string_view key) override { return builder_.wants(tag, key); }
    void value(Tag tag, std::string_view key, std::string_view text) override {
        builder_.value(tag, key, text);
    }
    void misfit(Tag tag) override {
        if constexpr (requires { builder_.misfit(tag); }) {
            builder_.misfit(tag);
        }
    }
    // What was read since the last time.
    [[nodiscard]] Object take() { return builder_.take(); }

private:
    Builder<Object> builder_;
};

}  // namespace terway::kube
