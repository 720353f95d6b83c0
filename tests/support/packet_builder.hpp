// A frame put together header by header. Lengths and the IPv4 header's checksum are right; those of
// transport headers are not made, for nothing that judges packets looks at them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "packet.hpp"

namespace terway::test {

class PacketBuilder {
public:
    // Of one family, which says the version.
    PacketBuilder(const IpAddress& source, const IpAddress& destination);

    // Or time to live; 64 unless said otherwise.
    PacketBuilder& hop_limit(std::uint8_t hops);
    // IPv4 options of that many words of four bytes (1 to 10).
    PacketBuilder& options(unsigned words);
    // An IPv6 extension header of `type` (0 hop-by-hop, 43, 51, 60), as long as it says by `length`
    // in its own unit. They follow one another as they are added.
    PacketBuilder& extension(std::uint8_t type, std::uint8_t length = 0);
    // A fragment, `offset` in units of eight bytes; of IPv6 its header follows those before.
    PacketBuilder& fragment(std::uint32_t id, std::uint16_t offset, bool has_more);

    // What it carries; the last one counts. Flags are letters of "SAFRPU".
    PacketBuilder& tcp(std::uint16_t source, std::uint16_t destination, std::string_view flags);
    PacketBuilder& udp(std::uint16_t source, std::uint16_t destination);
    PacketBuilder& sctp(std::uint16_t source, std::uint16_t destination);
    // ICMP or ICMPv6, as the family is.
    PacketBuilder& icmp(std::uint8_t type, std::uint8_t code = 0);
    PacketBuilder& echo(std::uint16_t id);
    PacketBuilder& echo_reply(std::uint16_t id);
    // About a packet of the same family, of which it has the IP header and `bytes` behind that.
    PacketBuilder& error(std::uint8_t type, const PacketBuilder& about, std::size_t bytes = 8);
    PacketBuilder& other(std::uint8_t protocol, const Bytes& payload = Bytes(16));

    [[nodiscard]] Bytes frame() const;
    // Only that many bytes of what follows the Ethernet header.
    [[nodiscard]] Bytes frame_of(std::size_t bytes) const;
    // Without an Ethernet header.
    [[nodiscard]] Bytes packet() const;
    // Of the IP header with options and extensions.
    [[nodiscard]] std::size_t header_size() const;

private:
    struct Extension {
        std::uint8_t type = 0;
        Bytes bytes;  // the first is the next header's type
    };

    [[nodiscard]] Bytes v4_header() const;
    [[nodiscard]] Bytes v6_header() const;
    PacketBuilder& ports(std::uint8_t protocol, std::uint16_t source, std::uint16_t destination,
                         std::size_t size);
    PacketBuilder& echo_message(bool is_reply, std::uint16_t id);
    [[nodiscard]] bool is_v4() const { return source_.is_v4(); }

    IpAddress source_;
    IpAddress destination_;
    std::uint8_t hops_ = 64;
    unsigned option_words_ = 0;
    std::uint16_t id_ = 0;
    std::uint16_t place_ = 0;  // IPv4's flags and fragment offset
    std::vector<Extension> extensions_;
    std::uint8_t protocol_ = 59;  // nothing
    Bytes payload_;
};

// A frame of that EtherType.
[[nodiscard]] Bytes ethernet_frame(std::uint16_t type, const Bytes& payload);

}  // namespace terway::test
