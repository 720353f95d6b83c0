#include "sim/objects.hpp"

namespace terway::sim {
namespace {

IpAddress minus(const IpAddress& address, std::uint64_t count) {
    return address.plus(~count + 1);
}

}  // namespace

const Prefix* VSwitch::prefix(Family family) const {
    if (family == Family::V4) {
        return &cidr;
    }
    return cidr6 ? &*cidr6 : nullptr;
}

std::optional<IpAddress> VSwitch::gateway(Family family) const {
    const Prefix* of = prefix(family);
    return of == nullptr ? std::nullopt : std::optional(minus(of->last(), 2));
}

bool VSwitch::reserves(const IpAddress& address) const {
    const Prefix* of = prefix(address.family());
    if (of == nullptr || !of->contains(address)) {
        return false;
    }
    const std::uint64_t tail = address.is_v4() ? 3 : 9;
    return address == of->network().address() || address > minus(of->last(), tail);
}

std::vector<IpAddress> Eni::addresses() const {
    std::vector<IpAddress> all{primary};
    all.insert(all.end(), secondary.begin(), secondary.end());
    all.insert(all.end(), ipv6.begin(), ipv6.end());
    return all;
}

}  // namespace terway::sim
