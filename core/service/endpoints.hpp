// Which endpoints of a Service's port take connections of this node's pods, and why the others do
// not. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kube/endpoint_slice.hpp"
#include "service/frontend.hpp"

namespace terway::service {

using SlicePtr = std::shared_ptr<const kube::EndpointSlice>;
using Slices = std::vector<SlicePtr>;  // of one Service, sorted by name

// Whose endpoints: of the whole cluster, or of this node alone.
enum class Scope : std::uint8_t { Cluster, Local };

enum class Fate : std::uint8_t {
    Used,
    UsedThoughTerminating,  // nobody is ready
    Terminating,
    NotReady,
    OtherNode,  // the Service's policy keeps traffic on its node
    OtherHint,  // its hints are for clients of other zones or nodes
};
[[nodiscard]] bool is_used(Fate fate) noexcept;
// "is terminating"; of those that are not used, why.
[[nodiscard]] std::string_view reason_of(Fate fate) noexcept;

struct Candidate {
    const kube::SliceEndpoint* endpoint = nullptr;  // of the slice
    std::uint16_t port = 0;
    bool is_local = false;
    Fate fate = Fate::NotReady;
};
using Candidates = std::vector<Candidate>;  // sorted by address and port, each once

// The endpoints that slices of a family name for a port. One that is named several times is as good
// as it is in any of them. The slices outlive what is returned.
[[nodiscard]] Candidates candidates_of(const Slices& slices, Family family,
                                       const kube::Word& port_name, Protocol protocol,
                                       const std::string& node);

// As the node's own service proxy chooses: those that are ready and meant for us; if nobody in the
// scope is ready, those that terminate and still serve.
struct Choice {
    Candidates candidates;  // with their fates
    bool has_any = false;   // somebody could serve, be it elsewhere
};
[[nodiscard]] Choice choose(Candidates candidates, Scope scope, const NodeFacts& facts);

// Somebody who could serve, but not here, may come here later: then it is better to be silent.
[[nodiscard]] WithoutBackends without_backends(const Choice& choice, Scope scope) noexcept;

// Whoever is not used any more keeps its connections: while it terminates, and otherwise as the
// kernel's connection tracking leaves them beside a node's service proxy, which makes only flows of
// UDP choose again, and these only when nobody serves them.
[[nodiscard]] Backends backends_of(const Choice& choice, Protocol protocol);

}  // namespace terway::service
