// What a reflector asks for and what it does next. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/percent.hpp"
#include "kube/objects.hpp"

namespace terway::kube {

// What is listed and watched.
struct Resource {
    std::string path;  // "/api/v1/pods", "/api/v1/namespaces/a/pods"
    std::string field_selector{};
    std::string label_selector{};
};

// Where objects of a kind are, in one namespace or ("") in all; kinds without namespaces take "".
template <class Object>
[[nodiscard]] std::string path_of(std::string_view space = {}) {
    std::string path(Kind<Object>::kGroup);
    if (Kind<Object>::kNamespaced && !space.empty()) {
        path.append("/namespaces/").append(http::percent_encode(space));
    }
    return path.append("/").append(Kind<Object>::kPlural);
}

[[nodiscard]] Resource own_node(const std::string& node);
[[nodiscard]] Resource local_pods(const std::string& node);
template <class Object>
[[nodiscard]] Resource all_of() {
    return {path_of<Object>()};
}

// `version`: the list is at least that new; "0" any; "" the newest, which costs the server more.
// `page` is the token in the page before, or empty.
[[nodiscard]] std::string list_target(const Resource& resource, std::string_view version,
                                      std::string_view page, unsigned limit);
[[nodiscard]] std::string watch_target(const Resource& resource, std::string_view version,
                                       std::chrono::seconds timeout);

enum class Step : std::uint8_t {
    List,
    ListNewest,  // what we remember of versions is of no use
    Watch,
};

// How a list or a watch ended.
enum class Ending : std::uint8_t {
    Done,
    Refused,      // the server said no, with a status or an ERROR event
    Garbled,      // malformed, or a handler threw
    Unreachable,  // the request did not get there
    Cut,          // the connection broke
    Silent,       // nothing came for too long
    Untrusted,
};
[[nodiscard]] std::string_view name_of(Ending ending) noexcept;

struct Happening {
    Step step = Step::List;
    Ending ending = Ending::Done;
    int code = 0;            // if Refused
    bool too_new = false;    // Refused because the server has not got that far
    bool was_short = false;  // a watch that ended as soon as it began
    unsigned failures = 0;   // in a row, this one not counted
};

struct Verdict {
    Step next = Step::List;
    bool rest = false;         // wait first, and longer each time
    bool renew_token = false;  // read it again
    bool is_failure = true;
};

[[nodiscard]] Verdict decide(const Happening& happening) noexcept;

}  // namespace terway::kube
