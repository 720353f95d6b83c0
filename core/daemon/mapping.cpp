#include "daemon/mapping.hpp"

#include <algorithm>
#include <set>

namespace terway::daemon {
namespace {

constexpr const char* kFine = "ok";
constexpr const char* kNothing = "-";

struct Pooled {
    std::string eni;
    std::string state;
};

std::map<IpAddress, Pooled> pooled(const pool::PoolPicture& picture) {
    std::map<IpAddress, Pooled> all;
    for (const auto& eni : picture.enis) {
        for (const auto& each : eni.addresses) {
            all[each.address] = {eni.place.id, each.state};
        }
    }
    return all;
}

// The cloud's ENI that has the address, on its own or within a prefix; null if none.
const cloud::Eni* owner_of(const std::vector<cloud::Eni>& enis, const IpAddress& address) {
    const auto has = [&](const std::vector<IpAddress>& addresses,
                         const std::vector<Prefix>& prefixes) {
        return std::find(addresses.begin(), addresses.end(), address) != addresses.end() ||
               std::any_of(prefixes.begin(), prefixes.end(),
                           [&](const Prefix& prefix) { return prefix.contains(address); });
    };
    const auto found = std::find_if(enis.begin(), enis.end(), [&](const cloud::Eni& eni) {
        return address.is_v4() ? has(eni.ipv4, eni.ipv4_prefixes)
                               : has(eni.ipv6, eni.ipv6_prefixes);
    });
    return found == enis.end() ? nullptr : &*found;
}

std::string cloud_verdict(const MappingFacts& facts, const IpAddress& address,
                          const std::string& eni) {
    if (!facts.cloud || eni.empty()) {
        return kNothing;
    }
    const auto* owner = owner_of(*facts.cloud, address);
    if (owner == nullptr) {
        return "is on no ENI of this node";
    }
    return owner->id == eni ? kFine : "is on " + owner->id;
}

std::string pod_of(const endpoint::EndpointRecord& record) {
    const auto& spec = record.spec;
    return spec.pod_name.empty() ? record.key().text() : spec.pod_namespace + "/" + spec.pod_name;
}

std::string kernel_verdict(const MappingFacts& facts, const endpoint::EndpointRecord& record) {
    if (record.state != endpoint::EndpointState::Ready) {
        return "is " + std::string(endpoint::name_of(record.state));
    }
    const auto found = facts.kernel.find(record.key());
    if (found == facts.kernel.end()) {
        return kNothing;
    }
    return found->second.empty() ? kFine : found->second;
}

void add_endpoints(const MappingFacts& facts, const std::map<IpAddress, Pooled>& pool,
                   std::vector<MappingRow>& rows) {
    for (const auto& record : facts.records) {
        for (const auto& prefix : record.spec.addresses) {
            const auto& address = prefix.address();
            const auto known = pool.find(address);
            MappingRow row{pod_of(record),
                           record.key().text(),
                           address,
                           record.spec.eni,
                           known == pool.end() ? kNothing : known->second.state,
                           kernel_verdict(facts, record),
                           cloud_verdict(facts, address, record.spec.eni)};
            rows.push_back(std::move(row));
        }
    }
}

// Addresses the pool holds to be ready that the cloud knows nothing of, and the reverse.
void add_strays(const MappingFacts& facts, const std::map<IpAddress, Pooled>& pool,
                const std::set<IpAddress>& shown, std::vector<MappingRow>& rows) {
    if (!facts.cloud) {
        return;
    }
    for (const auto& [address, known] : pool) {
        const auto verdict = cloud_verdict(facts, address, known.eni);
        if (!shown.contains(address) && verdict != kFine && known.state != "releasing") {
            rows.push_back({"", "", address, known.eni, known.state, kNothing, verdict});
        }
    }
    std::set<std::string> ours;
    for (const auto& eni : facts.pool.enis) {
        ours.insert(eni.place.id);
    }
    for (const auto& eni : *facts.cloud) {
        for (const auto* addresses : {&eni.ipv4, &eni.ipv6}) {
            for (const auto& address : *addresses) {
                // With IPv6 alone the primary IPv4 address serves nobody.
                const bool unused = address == eni.primary;
                if (ours.contains(eni.id) && !unused && !pool.contains(address) &&
                    !shown.contains(address)) {
                    rows.push_back(
                        {"", "", address, eni.id, kNothing, kNothing, "the pool does not know it"});
                }
            }
        }
    }
}

}  // namespace

bool MappingRow::ok() const {
    const auto fine = [](const std::string& verdict) {
        return verdict == kFine || verdict == kNothing;
    };
    return fine(kernel) && fine(cloud);
}

std::vector<MappingRow> mapping_of(const MappingFacts& facts) {
    std::vector<MappingRow> rows;
    const auto pool = pooled(facts.pool);
    add_endpoints(facts, pool, rows);
    std::set<IpAddress> shown;
    for (const auto& row : rows) {
        shown.insert(row.address);
    }
    add_strays(facts, pool, shown, rows);
    return rows;
}

}  // namespace terway::daemon
