// What others do to tables of nftables, found by looking. Being told (NFNLGRP_NFTABLES) would have
// the kernel write a message for each element of each set that anybody changes, at the changer's
// expense; a look costs one question while nothing changes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "netlink/socket.hpp"

namespace terway::netlink {

class NftWatch {
public:
    // Of tables, of every family, whose names begin with `prefix`, in the calling thread's
    // namespace. Throws Error.
    explicit NftWatch(std::string prefix);

    // The names of those tables that somebody may have tampered with since the last look: that are
    // gone or lost a rule, or of which a chain got a rule beside those it had, because who owns a
    // chain writes it anew. The first look finds nothing, and what came and went between two is not
    // told. Empty where there are no nftables. Throws Error; what was not looked at then is looked
    // at the next time.
    [[nodiscard]] std::vector<std::string> tampered();

private:
    struct Table {
        std::string name;
        std::uint8_t family = 0;
        std::map<std::string, std::vector<std::uint64_t>> rules;  // handles, ascending, by chain
    };
    using Tables = std::map<std::uint64_t, Table>;  // by handle: none is given twice

    [[nodiscard]] bool has_changed();
    [[nodiscard]] Tables look();
    [[nodiscard]] static bool differ(const Table& before, const Table& now);

    std::string prefix_;
    Socket socket_;
    std::uint32_t generation_ = 0;
    Tables known_;
};

}  // namespace terway::netlink
