#include "kube/protocol.hpp"

#include <netinet/in.h>

namespace terway::kube {

std::uint8_t number_of(Protocol protocol) {
    switch (protocol) {
        case Protocol::Tcp:
            return IPPROTO_TCP;
        case Protocol::Udp:
            return IPPROTO_UDP;
        case Protocol::Sctp:
            return IPPROTO_SCTP;
    }
    return 0;
}

std::optional<Protocol> protocol_by_number(std::uint8_t number) {
    switch (number) {
        case IPPROTO_TCP:
            return Protocol::Tcp;
        case IPPROTO_UDP:
            return Protocol::Udp;
        case IPPROTO_SCTP:
            return Protocol::Sctp;
        default:
            return std::nullopt;
    }
}

std::string_view name_of(Protocol protocol) {
    switch (protocol) {
        case Protocol::Tcp:
            return "TCP";
        case Protocol::Udp:
            return "UDP";
        case Protocol::Sctp:
            return "SCTP";
    }
    return "";
}

std::optional<Protocol> protocol_by_name(std::string_view name) {
    for (const auto each : {Protocol::Tcp, Protocol::Udp, Protocol::Sctp}) {
        if (name == name_of(each)) {
            return each;
        }
    }
    return std::nullopt;
}

}  // namespace terway::kube
