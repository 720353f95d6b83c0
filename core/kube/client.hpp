// Single calls to the API server.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "kube/cache.hpp"
#include "kube/plan.hpp"
#include "kube/session.hpp"
#include "kube/status.hpp"

namespace terway::kube {

// How much longer a call may take, and what ends it early.
struct Patience {
    std::stop_token stop;
    Deadline deadline;
};

enum class Patch : std::uint8_t {
    Merge,      // objects member by member, lists as a whole
    Strategic,  // lists of known kinds by their keys, as a node's conditions by "type"
};

// Blocking; any thread. Nothing is repeated but a call with an expired token. Calls throw ApiError,
// http::TransportError with verb and path in the text, or Error(Invalid) for a key that names
// nothing, Error(Internal) for an answer that cannot be read. An object is read as it arrives: its
// size is no matter.
class Client {
public:
    // Borrows both.
    Client(Session& session, Words& words, Wanted annotations = is_terway_annotation)
        : session_(session), words_(words), annotations_(std::move(annotations)) {}

    // Nothing if there is none of that name. `is_any_version`: as the server remembers it, which
    // costs it less than asking etcd.
    template <class Object>
    [[nodiscard]] std::optional<Object> get(const Key& key, const Patience& patience,
                                            bool is_any_version = false);
    // `body` is JSON. `subresource` is "" or "status".
    template <class Object>
    void patch(const Key& key, Patch how, const std::string& body, const Patience& patience,
               std::string_view subresource = {}) {
        patch(object_path(path_of<Object>(key.space), key) +
                  (subresource.empty() ? "" : "/" + std::string(subresource)),
              how, body, patience);
    }
    // `body` is a merge patch of an event that was created before.
    void patch_event(std::string_view space, std::string_view name, const std::string& body,
                     const Patience& patience);
    // `body` is an Event (v1) of that namespace, as JSON.
    void create_event(std::string_view space, const std::string& body, const Patience& patience);

private:
    // Throws Error(Invalid) for names that would lead elsewhere.
    [[nodiscard]] static std::string object_path(const std::string& kind_path, const Key& key);
    void patch(const std::string& path, Patch how, const std::string& body,
               const Patience& patience);
    // Throws ApiError unless the answer is a success.
    void send(const Call& call, const Patience& patience);
    template <class Exchange>
    static void succeed(const std::string& title, Exchange exchange);

    Session& session_;
    Words& words_;
    Wanted annotations_;
};

}  // namespace terway::kube
