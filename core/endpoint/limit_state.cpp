#include "endpoint/limit_state.hpp"

#include <cstring>

namespace terway::endpoint {
namespace {

LimitState from_abi(const twy_limit& raw) {
    return {std::string(raw.mode, strnlen(raw.mode, sizeof raw.mode)),
            raw.rate_bps,
            raw.bytes,
            raw.packets,
            raw.drops,
            raw.backlog};
}

}  // namespace

LimitStates from_abi(const twy_limits& raw) {
    return {from_abi(raw.ingress), from_abi(raw.egress)};
}

}  // namespace terway::endpoint
