// EndpointSlice of discovery.k8s.io/v1, as the API means it: its defaults are filled in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/objects.hpp"

namespace terway::kube {

struct SliceEndpoint {
    IpAddress address;
    bool is_ready = true;
    bool is_serving = true;
    bool is_terminating = false;
    Word node;  // its name; empty: on none
    // Hints: whose clients are to come here. Names with commas between them, as one word because
    // most endpoints have one of a few; empty: anybody.
    Word zones;
    Word nodes;

    friend bool operator==(const SliceEndpoint&, const SliceEndpoint&) = default;
};

// One of `names`, which has commas between them.
[[nodiscard]] bool is_among(std::string_view name, std::string_view names) noexcept;

struct SlicePort {
    Word name;
    Protocol protocol = Protocol::Tcp;
    std::uint16_t number = 0;

    friend bool operator==(const SlicePort&, const SlicePort&) = default;
};

struct EndpointSlice {
    Meta meta;
    Word service;  // its name, by label; in the namespace of the slice. Empty: of none
    std::optional<Family> family;  // of the addresses; nullopt: they are names
    std::vector<SliceEndpoint> endpoints;
    std::vector<SlicePort> ports;  // those that have a number
};

template <>
struct Kind<EndpointSlice> {
    static constexpr std::string_view kName = "EndpointSlice";
    static constexpr std::string_view kGroup = "/apis/discovery.k8s.io/v1";
    static constexpr std::string_view kPlural = "endpointslices";
    static constexpr bool kNamespaced = true;
};

// An endpoint whose address is none, or not of the slice's family, is left out; of several
// addresses the first counts. Of labels none is kept.
template <>
class Builder<EndpointSlice> {
public:
    Builder(Words& words, Wanted annotations) : meta_(words, std::move(annotations)) {}
    void begin(Tag tag);
    void end(Tag tag);
    [[nodiscard]] bool wants(Tag tag, std::string_view key) const;
    void value(Tag tag, std::string_view key, std::string_view text);
    [[nodiscard]] EndpointSlice take();

private:
    MetaReader meta_;
    EndpointSlice slice_;
    SliceEndpoint endpoint_;
    std::string address_;
    std::string zones_;
    std::string nodes_;
    SlicePort port_;
    bool port_is_bad_ = false;
};

template <>
[[nodiscard]] std::vector<Member> members_of<EndpointSlice>();

}  // namespace terway::kube
