// What must survive the daemon: endpoint records and cooling addresses, in one SQLite file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "endpoint/record.hpp"

namespace terway::store {

struct CoolingAddress {
    IpAddress address;
    WallTime until;

    bool operator==(const CoolingAddress&) const = default;
};

// A monitor around one connection; any thread may call anything at any time. A call that returned
// survives the death of the process; a call that threw changed nothing. A power loss may take the
// latest calls along, as it takes every sandbox along, but never leaves half a call behind.
//
// Every failure is an Error that names the file and SQLite's reason: Retry when it may pass (disk
// full, file busy), Internal otherwise.
class Store {
public:
    // Opens <state_dir>/terway.db, made on first use together with its directory (not with its
    // parents), and keeps <state_dir>/lock locked for its lifetime. Refuses, saying what to do:
    // a directory that cannot be made or written, is not root's or is open to others; a second
    // daemon; a full disk; a file that is no database, another program's, damaged, or written by a
    // later version.
    explicit Store(const std::string& state_dir);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // Inserts or replaces the record of its key.
    void put(const endpoint::EndpointRecord& record);
    // Nothing happens if there is no such record.
    void erase(const endpoint::EndpointKey& key);
    // Both or neither. The addresses cool whether or not there is such a record.
    void erase_and_cool(const endpoint::EndpointKey& key, const std::vector<IpAddress>& addresses,
                        WallTime until);
    // Throws Error(Invalid) or Error(Unsupported) for a record that cannot be read.
    [[nodiscard]] std::optional<endpoint::EndpointRecord> get(const endpoint::EndpointKey& key);
    // Oldest first. Throws as get().
    [[nodiscard]] std::vector<endpoint::EndpointRecord> all();

    // Those that end earliest first.
    [[nodiscard]] std::vector<CoolingAddress> cooling();
    void forget_cooling(const IpAddress& address);
    // Forgets every address that has cooled down by `now`; answers how many.
    std::size_t forget_cooled(WallTime now);

    // Small facts about the node, such as the boot id the records belong to.
    [[nodiscard]] std::optional<std::string> meta(std::string_view name);
    void set_meta(std::string_view name, std::string_view value);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace terway::store
