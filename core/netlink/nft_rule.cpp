#include "netlink/nft_rule.hpp"

#include <algorithm>

namespace terway::netlink::nft {
namespace {

const char* word(Way way) {
    return way == Way::In ? "iif" : "oif";
}

std::string address_word(Family family, Side side) {
    return std::string(family == Family::V4 ? "ip " : "ip6 ") +
           (side == Side::Source ? "saddr" : "daddr");
}

std::string states(std::uint32_t mask) {
    std::string out;
    for (const auto& [bit, name] :
         {std::pair{kInvalid, "invalid"}, {kEstablished, "established"}, {kRelated, "related"}}) {
        if ((mask & bit) != 0) {
            out += (out.empty() ? "" : ",") + std::string(name);
        }
    }
    return out;
}

struct Text {
    std::string operator()(const LinkIs& is) const {
        return std::string(word(is.way)) + "name " + (is.is_negated ? "!= " : "") + "\"" + is.name +
               (is.is_prefix ? "*\"" : "\"");
    }
    std::string operator()(const LinkIndexIs& is) const {
        return std::string(word(is.way)) + " " + std::to_string(is.index);
    }
    std::string operator()(const CtState& is) const { return "ct state " + states(is.mask); }
    std::string operator()(const CtUnconfirmed& /*is*/) const { return "ct status ! confirmed"; }
    std::string operator()(const AddressIn& is) const {
        return address_word(is.family, is.side) + " @" + is.set;
    }
    std::string operator()(const AddressIs& is) const {
        return address_word(is.address.family(), is.side) + " " + is.address.text();
    }
    std::string operator()(const AddressBetween& is) const {
        return address_word(is.first.family(), is.side) + " " + is.first.text() + "-" +
               is.last.text();
    }
    std::string operator()(const NamedIn& is) const {
        return address_word(is.family, Side::Destination) + " . meta l4proto . th dport @" + is.set;
    }
    std::string operator()(const TcpInMidStream& /*is*/) const {
        return "tcp flags & (fin | syn | rst | ack) != syn";
    }
    std::string operator()(const ProtocolIs& is) const {
        return "meta l4proto " + std::to_string(is.number);
    }
    std::string operator()(const Icmpv6Between& is) const {
        return "icmpv6 type " + std::to_string(is.first) + "-" + std::to_string(is.last);
    }
    std::string operator()(const LinkMap& is) const {
        return std::string(word(is.way)) + "name vmap @" + is.map;
    }
    std::string operator()(const ProtocolPortMap& is) const {
        return "meta l4proto . th dport vmap @" + is.map;
    }
    std::string operator()(const ProtocolMap& is) const { return "meta l4proto vmap @" + is.map; }
    std::string operator()(const PortMap& is) const { return "th dport vmap @" + is.map; }
    std::string operator()(const Count& is) const { return "counter name \"" + is.counter + "\""; }
    std::string operator()(const Log& is) const {
        return "log prefix \"" + is.prefix + "\" group " + std::to_string(is.group);
    }
};

void pad(std::vector<std::uint8_t>& bytes) {
    bytes.resize((bytes.size() + 3) / 4 * 4);
}

void append_port(std::vector<std::uint8_t>& bytes, std::uint16_t port) {
    bytes.push_back(static_cast<std::uint8_t>(port >> 8U));
    bytes.push_back(static_cast<std::uint8_t>(port & 0xffU));
}

}  // namespace

std::string Verdict::text() const {
    switch (kind) {
        case Kind::Accept:
            return "accept";
        case Kind::Drop:
            return "drop";
        case Kind::Return:
            return "return";
        case Kind::Jump:
            return "jump " + chain;
        case Kind::Goto:
            return "goto " + chain;
    }
    return {};
}

std::string Rule::text() const {
    std::string out;
    for (const auto& statement : statements) {
        out += (out.empty() ? "" : " ") + std::visit(Text{}, statement);
    }
    if (verdict) {
        out += (out.empty() ? "" : " ") + verdict->text();
    }
    if (!comment.empty()) {
        out += " comment \"" + comment + "\"";
    }
    return out;
}

std::string Chain::text() const {
    std::string out = "chain " + name + "\n";
    for (const auto& rule : rules) {
        out += "  " + rule.text() + "\n";
    }
    return out;
}

std::vector<std::uint8_t> link_key(const std::string& name) {
    std::vector<std::uint8_t> key(16);
    std::copy_n(name.begin(), std::min<std::size_t>(name.size(), 15), key.begin());
    return key;
}

std::vector<std::uint8_t> address_key(const IpAddress& address) {
    const auto bytes = address.bytes();
    return {bytes.begin(), bytes.end()};
}

std::vector<std::uint8_t> named_key(const IpAddress& address, std::uint8_t protocol,
                                    std::uint16_t port) {
    auto key = address_key(address);
    const auto rest = protocol_port_key(protocol, port);
    key.insert(key.end(), rest.begin(), rest.end());
    return key;
}

std::vector<std::uint8_t> protocol_port_key(std::uint8_t protocol, std::uint16_t port) {
    std::vector<std::uint8_t> key{protocol};
    pad(key);
    append_port(key, port);
    pad(key);
    return key;
}

std::vector<std::uint8_t> port_key(std::uint16_t port) {
    std::vector<std::uint8_t> key;
    append_port(key, port);
    return key;
}

}  // namespace terway::netlink::nft
