// What every scene does: pods come and go, packets are tried, the kernel is compared.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "sim/demo/cluster.hpp"
#include "sim/demo/probe.hpp"
#include "sim/demo/story.hpp"

namespace terway::sim::demo {

inline constexpr std::uint16_t kPort = 7;  // of the echo servers
inline constexpr std::chrono::seconds kPatience{5};
inline constexpr std::chrono::milliseconds kSilence{300};  // long enough to say that nothing comes

[[nodiscard]] Prefix prefix(const char* text);
[[nodiscard]] IpAddress ip(const char* text);
// "1.5 ms".
[[nodiscard]] std::string fixed(double value, const char* unit);
[[noreturn]] void refute(const std::string& what);
// Tries until `claim` holds, and answers what it says; its last Error once the patience is at an
// end.
std::string eventually(const std::function<std::string()>& claim,
                       std::chrono::milliseconds patience = kPatience);

class Stage {
public:
    explicit Stage(Story& story) : story_(story) {}

    void add_pod(Pod& pod, Node& node);
    void remove_pod(Pod& pod, Node& node);
    void ping(const std::string& claim, const Netns& from, const IpAddress& to);
    // Opens a connection and wants the server to see `seen_as`; empty: whatever.
    void tcp(const std::string& claim, const Netns& from, const IpAddress& to,
             const std::string& seen_as, std::uint16_t port = kPort);
    void stop(Node& node);
    // Throws Error if the kernel of the node differs from what it was; waits for it a little.
    [[nodiscard]] static std::string nothing_left(const Node& node,
                                                  const std::vector<std::string>& before);

private:
    Story& story_;
};

}  // namespace terway::sim::demo
