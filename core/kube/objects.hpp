// The Kubernetes objects Terway knows, with the fields it uses. Another kind is one more struct
// with a Kind<> and a Builder<> (as namespace.cpp shows), and a line in cache.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "kube/meta.hpp"

namespace terway::kube {

enum class Phase : std::uint8_t { Unknown, Pending, Running, Succeeded, Failed };
enum class Protocol : std::uint8_t { Tcp, Udp, Sctp };

// A port that has a name: what policies and Services may call it by.
struct NamedPort {
    Word name;
    std::uint16_t number = 0;
    Protocol protocol = Protocol::Tcp;

    friend bool operator==(const NamedPort&, const NamedPort&) = default;
};

// "aliyun/eni": 1.
struct Amount {
    Word resource;
    std::uint64_t count = 0;

    friend bool operator==(const Amount&, const Amount&) = default;
};
using Amounts = std::vector<Amount>;

// 0 if it is not there.
[[nodiscard]] std::uint64_t amount_of(const Amounts& amounts, std::string_view resource);

struct Pod {
    Meta meta;
    Word node;  // empty until it is scheduled
    bool host_network = false;
    Phase phase = Phase::Unknown;
    std::vector<IpAddress> addresses;  // status.podIPs
    std::vector<NamedPort> ports;
    // Resources of "aliyun/": the most that is asked for at a time, by one init container or by all
    // others together, as the scheduler counts.
    Amounts requests;

    // Its containers will not run again.
    [[nodiscard]] bool is_over() const noexcept {
        return phase == Phase::Succeeded || phase == Phase::Failed;
    }
};

struct NodeAddress {
    Word type;  // "InternalIP", "Hostname"
    Word address;
};

struct NodeCondition {
    Word type;
    Word status;  // "True", "False", "Unknown"
    Word reason;
    Word message;
    Word transition;  // lastTransitionTime, as it is written
    Word heartbeat;   // lastHeartbeatTime
};

struct Node {
    Meta meta;
    std::vector<Prefix> pod_cidrs;  // podCIDRs, or podCIDR alone
    Amounts capacity;               // of "aliyun/..." and "pods"
    Amounts allocatable;
    std::vector<NodeAddress> addresses;
    std::vector<NodeCondition> conditions;

    // Null if there is none.
    [[nodiscard]] const NodeCondition* condition(std::string_view type) const noexcept;
};

struct Namespace {
    Meta meta;
    bool is_terminating = false;
};

// A kind's name and place in the API: "Pod", "/api/v1", "pods".
template <class Object>
struct Kind;

template <>
struct Kind<Pod> {
    static constexpr std::string_view kName = "Pod";
    static constexpr std::string_view kGroup = "/api/v1";
    static constexpr std::string_view kPlural = "pods";
    static constexpr bool kNamespaced = true;
};
template <>
struct Kind<Node> {
    static constexpr std::string_view kName = "Node";
    static constexpr std::string_view kGroup = "/api/v1";
    static constexpr std::string_view kPlural = "nodes";
    static constexpr bool kNamespaced = false;
};
template <>
struct Kind<Namespace> {
    static constexpr std::string_view kName = "Namespace";
    static constexpr std::string_view kGroup = "/api/v1";
    static constexpr std::string_view kPlural = "namespaces";
    static constexpr bool kNamespaced = false;
};

// Puts one object together from what a JsonReader says of it.
template <class Object>
class Builder;

// The members of an object of that kind that its Builder understands.
template <class Object>
[[nodiscard]] std::vector<Member> members_of();

template <>
class Builder<Pod> {
public:
    Builder(Words& words, Wanted annotations) : meta_(words, std::move(annotations)) {}
    void begin(Tag tag);
    void end(Tag tag);
    [[nodiscard]] bool wants(Tag tag, std::string_view key) const;
    void value(Tag tag, std::string_view key, std::string_view text);
    [[nodiscard]] Pod take();

private:
    MetaReader meta_;
    Pod pod_;
    NamedPort port_;
    Word address_;     // status.podIP, for servers that send no podIPs
    Amounts asked_;    // by the container that is being read
    Amounts highest_;  // of any init container
};

template <>
class Builder<Node> {
public:
    Builder(Words& words, Wanted annotations) : meta_(words, std::move(annotations)) {}
    void begin(Tag tag);
    void end(Tag tag);
    [[nodiscard]] bool wants(Tag tag, std::string_view key) const;
    void value(Tag tag, std::string_view key, std::string_view text);
    [[nodiscard]] Node take();

private:
    MetaReader meta_;
    Node node_;
    std::string pod_cidr_;
    NodeAddress address_;
    NodeCondition condition_;
};

template <>
class Builder<Namespace> {
public:
    Builder(Words& words, Wanted annotations) : meta_(words, std::move(annotations)) {}
    void begin(Tag tag) { meta_.begin(tag); }
    void end(Tag tag) { meta_.end(tag); }
    [[nodiscard]] bool wants(Tag tag, std::string_view key) const { return meta_.wants(tag, key); }
    void value(Tag tag, std::string_view key, std::string_view text);
    [[nodiscard]] Namespace take();

private:
    MetaReader meta_;
    Namespace namespace_;
};

template <>
[[nodiscard]] std::vector<Member> members_of<Pod>();
template <>
[[nodiscard]] std::vector<Member> members_of<Node>();
template <>
[[nodiscard]] std::vector<Member> members_of<Namespace>();

}  // namespace terway::kube
