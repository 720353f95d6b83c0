// Rules of nftables as values: what a chain asks of a packet, and how the kernel is told. The texts
// are those of nft(8), for people and for tests. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/address.hpp"

namespace terway::netlink::nft {

struct Verdict {
    enum class Kind : std::uint8_t { Accept, Drop, Return, Jump, Goto };

    Kind kind = Kind::Drop;
    std::string chain;  // of Jump and Goto

    [[nodiscard]] static Verdict accept() { return {Kind::Accept, {}}; }
    [[nodiscard]] static Verdict drop() { return {Kind::Drop, {}}; }
    [[nodiscard]] static Verdict back() { return {Kind::Return, {}}; }
    [[nodiscard]] static Verdict jump(std::string chain) { return {Kind::Jump, std::move(chain)}; }
    [[nodiscard]] static Verdict go(std::string chain) { return {Kind::Goto, std::move(chain)}; }
    [[nodiscard]] std::string text() const;
    bool operator==(const Verdict&) const = default;
};

enum class Way : std::uint8_t { In, Out };  // the link a packet came by, or leaves by
enum class Side : std::uint8_t { Source, Destination };

inline constexpr std::uint32_t kInvalid = 1;
inline constexpr std::uint32_t kEstablished = 2;
inline constexpr std::uint32_t kRelated = 4;

// Conditions. One that asks for a link where there is none does not hold.
struct LinkIs {
    Way way = Way::In;
    std::string name;
    bool is_prefix = false;
    bool is_negated = false;
    bool operator==(const LinkIs&) const = default;
};
struct LinkIndexIs {
    Way way = Way::In;
    std::uint32_t index = 0;
    bool operator==(const LinkIndexIs&) const = default;
};
struct CtState {  // one of those in the mask
    std::uint32_t mask = 0;
    bool operator==(const CtState&) const = default;
};
struct CtUnconfirmed {  // the packet is the first that got so far of its connection
    bool operator==(const CtUnconfirmed&) const = default;
};
struct AddressIn {
    Side side = Side::Source;
    Family family = Family::V4;
    std::string set;
    bool operator==(const AddressIn&) const = default;
};
struct AddressIs {
    Side side = Side::Source;
    IpAddress address;
    bool operator==(const AddressIs&) const = default;
};
struct AddressBetween {  // both are of one family
    Side side = Side::Source;
    IpAddress first;
    IpAddress last;
    bool operator==(const AddressBetween&) const = default;
};
struct NamedIn {  // destination address, protocol and port
    Family family = Family::V4;
    std::string set;
    bool operator==(const NamedIn&) const = default;
};
struct TcpInMidStream {  // a segment that does not ask for a new connection
    bool operator==(const TcpInMidStream&) const = default;
};
struct ProtocolIs {
    std::uint8_t number = 0;
    bool operator==(const ProtocolIs&) const = default;
};
struct Icmpv6Between {
    std::uint8_t first = 0;
    std::uint8_t last = 0;
    bool operator==(const Icmpv6Between&) const = default;
};
// Look-ups whose find is the verdict; a miss goes on with the next rule.
struct LinkMap {
    Way way = Way::In;
    std::string map;
    bool operator==(const LinkMap&) const = default;
};
struct ProtocolPortMap {
    std::string map;
    bool operator==(const ProtocolPortMap&) const = default;
};
struct ProtocolMap {
    std::string map;
    bool operator==(const ProtocolMap&) const = default;
};
struct PortMap {
    std::string map;
    bool operator==(const PortMap&) const = default;
};
// Effects.
struct Count {
    std::string counter;  // by name
    bool operator==(const Count&) const = default;
};
struct Log {  // the packet's beginning goes to whoever listens to the group
    std::uint16_t group = 0;
    std::string prefix;  // at most 127 bytes
    bool operator==(const Log&) const = default;
};

using Statement = std::variant<LinkIs, LinkIndexIs, CtState, CtUnconfirmed, AddressIn, AddressIs,
                               AddressBetween, NamedIn, TcpInMidStream, ProtocolIs, Icmpv6Between,
                               LinkMap, ProtocolPortMap, ProtocolMap, PortMap, Count, Log>;

struct Rule {
    std::vector<Statement> statements;
    std::optional<Verdict> verdict;
    std::string comment = {};  // at most 127 bytes

    [[nodiscard]] std::string text() const;
    bool operator==(const Rule&) const = default;
};

struct Chain {
    std::string name;
    std::vector<Rule> rules;

    [[nodiscard]] std::string text() const;
    bool operator==(const Chain&) const = default;
};

// What the key of a set is.
enum class Key : std::uint8_t {
    LinkName,
    V4,
    V6,
    NamedV4,  // address, protocol and port
    NamedV6,
    ProtocolPort,
    Protocol,
    Port
};

struct Set {
    std::string name;
    Key key = Key::V4;
    bool is_interval = false;
    bool is_map = false;  // to verdicts

    bool operator==(const Set&) const = default;
};

// In an interval set an element opens a range, and the next one with `is_end` is the first that is
// outside again.
struct Element {
    std::vector<std::uint8_t> key;
    bool is_end = false;
    std::optional<Verdict> verdict;

    bool operator==(const Element&) const = default;
};

[[nodiscard]] std::vector<std::uint8_t> link_key(const std::string& name);
[[nodiscard]] std::vector<std::uint8_t> address_key(const IpAddress& address);
[[nodiscard]] std::vector<std::uint8_t> named_key(const IpAddress& address, std::uint8_t protocol,
                                                  std::uint16_t port);
[[nodiscard]] std::vector<std::uint8_t> protocol_port_key(std::uint8_t protocol,
                                                          std::uint16_t port);
[[nodiscard]] std::vector<std::uint8_t> port_key(std::uint16_t port);

}  // namespace terway::netlink::nft
