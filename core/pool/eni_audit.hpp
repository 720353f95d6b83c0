// The books beside what the cloud shows: what vanished, what turned up, what is not ours. Pure.
//
// Reads lie: they lag behind, and the API and the metadata service lag by different amounts. So
// nothing is believed that only one of them says or that was seen only once, and nothing that is
// older than the books' last change of the ENI.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "cloud/eni.hpp"
#include "cloud/metadata.hpp"
#include "pool/eni_book.hpp"
#include "pool/eni_settings.hpp"

namespace terway::pool {

// One ENI as both sources show it.
struct EniRead {
    cloud::Eni api;
    std::optional<cloud::NicFacts> nic;  // absent if the metadata service does not show it
};

struct Reading {
    Change began = 0;                 // of the books when the first read was sent
    std::vector<EniRead> enis;        // all that are attached to this instance
    std::set<Mac> nics;               // all that the metadata service shows
    std::set<std::string> under_way;  // ENIs that orders are just making
};

struct Findings {
    std::vector<EniRead> to_adopt;       // usable, but their NICs must be prepared first
    std::vector<std::string> lost_enis;  // vanished behind our back
    Addresses lost;                      // likewise, on ENIs that are still there
    Addresses lost_in_use;               // those of them that pods have
    Addresses turned_up;                 // now ours
    std::size_t foreign = 0;             // ENIs that take a place and are none of ours
    std::set<std::string> changed;       // ENIs whose addresses are no longer what they were
};

class EniAudit {
public:
    explicit EniAudit(EniSettings settings) : settings_(std::move(settings)) {}

    [[nodiscard]] Findings compare(EniBook& book, const Reading& reading, WallTime now);

    // Addresses that we gave back: reads that still show them are old.
    void bury(const cloud::AddressSet& addresses, WallTime now);
    // The cloud gave them to us again.
    void dig_up(const cloud::AddressSet& addresses);

    [[nodiscard]] bool is_usable(const cloud::Eni& eni) const;
    // Addresses of an ENI that were seen, but not often enough.
    [[nodiscard]] Addresses unconfirmed(const std::string& eni) const;

private:
    void compare_addresses(EniBook& book, EniEntry& entry, const EniRead& read, Findings& findings);
    void compare_prefixes(EniBook& book, EniEntry& entry, const EniRead& read, Findings& findings);
    [[nodiscard]] bool seen_twice(const std::string& eni, const Prefix& what, bool seen,
                                  std::map<std::pair<std::string, Prefix>, unsigned>& counts);

    using Counts = std::map<std::pair<std::string, Prefix>, unsigned>;
    EniSettings settings_;
    std::map<Prefix, WallTime> buried_;  // until when
    Counts sightings_;
    Counts misses_;
};

}  // namespace terway::pool
