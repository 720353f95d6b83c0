// Pods with limits, one at a time, on a node of one candidate; at the far end a bare node.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "pod_node.hpp"
#include "traffic.hpp"

namespace terway::bench {

// Its node has terwayd with bandwidth-tc, or Debian's plugins ptp and bandwidth.
class LimitedNode {
public:
    // `far` is a way to a bare node, whose server is the far end.
    LimitedNode(const Programs& programs, const std::string& scratch, const sim::Fabric& fabric,
                const Candidate& candidate, std::size_t ordinal, const Way& far);

    [[nodiscard]] const std::string& name() const { return candidate_.name; }
    [[nodiscard]] bool ours() const { return candidate_.ours; }

    // A pod with that limit in both directions, in bits a second; 0: none. Gone with this object.
    class Pod {
    public:
        Pod(LimitedNode& node, std::uint64_t limit);
        ~Pod();
        Pod(const Pod&) = delete;
        Pod& operator=(const Pod&) = delete;
        [[nodiscard]] const Way& ingress() const { return ingress_; }
        [[nodiscard]] const Way& egress() const { return egress_; }

    private:
        void call(const std::string& verb);

        LimitedNode& node_;
        const std::uint64_t limit_;
        const std::uint32_t number_;
        Sandbox sandbox_;
        std::string result_;
        Way ingress_;
        Way egress_;
    };

private:
    Candidate candidate_;
    PodNode node_;
    std::string bandwidth_;  // the peer's second plugin
    Way far_;
    std::uint32_t number_;
};

}  // namespace terway::bench
