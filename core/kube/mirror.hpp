// A cache and the thread that keeps it like the API server.
#pragma once

#include <pthread.h>

#include <thread>
#include <utility>

#include "kube/cache.hpp"
#include "kube/reflector.hpp"

namespace terway::kube {

template <class Object>
class Mirror {
public:
    // Borrows session, words and metrics.
    Mirror(Session& session, Words& words, Metrics& metrics, Resource resource,
           Handlers<Object> handlers = {}, Wanted annotations = is_terway_annotation,
           Pace pace = {}, ReflectorEffects effects = {})
        : cache_(words, std::move(handlers), std::move(annotations)),
          reflector_(session, std::move(resource), cache_, metrics, pace, std::move(effects)) {}

    // Once. The end of this object is the end of the thread.
    void start() {
        thread_ = std::jthread([this](const std::stop_token& stop) {
            pthread_setname_np(pthread_self(), "kube");
            reflector_.run(stop);
        });
    }

    [[nodiscard]] const Cache<Object>& cache() const noexcept { return cache_; }

private:
    Cache<Object> cache_;
    Reflector reflector_;
    std::jthread thread_;
};

}  // namespace terway::kube
