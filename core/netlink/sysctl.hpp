// Sysctls of the network namespace the calling thread is in.
#pragma once

#include <optional>
#include <string>

namespace terway::netlink {

// `name` below /proc/sys, with slashes: "net/ipv6/conf/eth0/accept_ra". Throws Error, Gone if the
// kernel has no such sysctl.
void write_sysctl(const std::string& name, const std::string& value);
// The same, but false if the kernel has no such sysctl.
bool try_write_sysctl(const std::string& name, const std::string& value);
// Trimmed; empty if the kernel has no such sysctl.
[[nodiscard]] std::optional<std::string> read_sysctl(const std::string& name);

}  // namespace terway::netlink
