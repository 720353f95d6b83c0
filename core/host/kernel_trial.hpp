// What the kernel can do, found out by doing it in a network namespace made for the purpose.
#pragma once

#include <optional>
#include <string>

#include "base/netns.hpp"

namespace terway::host {

// Each trial answers nothing if it worked, else the kernel's refusal.
class KernelTrial {
public:
    // The namespace goes away with this object. Throws Error if there can be none.
    KernelTrial() : scratch_(Netns::create()) {}

    [[nodiscard]] std::optional<std::string> netdev(const std::string& kind) const;
    [[nodiscard]] std::optional<std::string> qdisc(const std::string& kind) const;
    [[nodiscard]] std::optional<std::string> nft(const std::string& family) const;

private:
    Netns scratch_;
};

// Loads a program of two instructions and forgets it. Needs no namespace.
[[nodiscard]] std::optional<std::string> try_bpf(const std::string& type);

}  // namespace terway::host
