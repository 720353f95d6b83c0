// Where the maps of a network namespace are pinned.
#pragma once

#include <cstdint>
#include <string>

namespace terway::policy_bpf {

// "BPFFS/terway/net-4026531840": of the calling thread's network namespace.
[[nodiscard]] std::string pins_of_netns(const std::string& bpffs);
// A number that no other namespace had since the machine started; 0 before Linux 5.14.
[[nodiscard]] std::uint64_t netns_cookie();

// Mounts a bpf file system there if there is none, and makes the directories below. Throws Error.
void make_directory(const std::string& bpffs, const std::string& directory);
// With everything in it; nothing if it is not there. Throws Error.
void remove_directory(const std::string& directory);

}  // namespace terway::policy_bpf
