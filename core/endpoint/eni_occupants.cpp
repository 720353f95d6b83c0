#include "endpoint/eni_occupants.hpp"

#include <algorithm>

namespace terway::endpoint {

void EniOccupants::enter(const EndpointRecord& record) {
    if (record.spec.eni.empty()) {
        return;
    }
    for (const auto& address : record.spec.addresses) {
        enis_[record.spec.eni].insert_or_assign(
            address.address(), Occupant{record.key().full_text(), dataplane_of(record)});
    }
}

void EniOccupants::leave(const EndpointRecord& record) {
    const auto eni = enis_.find(record.spec.eni);
    if (eni == enis_.end()) {
        return;
    }
    std::erase_if(eni->second, [&](const auto& entry) {
        return entry.second.owner == record.key().full_text();
    });
    if (eni->second.empty()) {
        enis_.erase(eni);
    }
}

std::vector<Prefix> EniOccupants::others(const std::string& eni,
                                         const std::string& dataplane) const {
    std::vector<Prefix> all;
    if (const auto found = enis_.find(eni); found != enis_.end()) {
        for (const auto& [address, occupant] : found->second) {
            if (occupant.dataplane != dataplane) {
                all.push_back(Prefix::host(address));
            }
        }
    }
    return all;
}

std::string dataplane_of(const EndpointRecord& record) {
    const auto pin =
        std::find_if(record.chain.begin(), record.chain.end(),
                     [](const ModulePin& each) { return each.role == ModuleRole::Dataplane; });
    return pin == record.chain.end() ? std::string() : pin->id;
}

}  // namespace terway::endpoint
