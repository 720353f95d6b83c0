// What must survive the daemon: endpoint records, cooling addresses and notes, in one SQLite file.
#pragma once

#include <memory>
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
    std::string reserved_for;  // may have it earlier; empty: nobody

    bool operator==(const CoolingAddress&) const = default;
};

// Something another part of the daemon must not forget; the body is that part's business.
struct Note {
    std::string name;
    std::string body;

    bool operator==(const Note&) const = default;
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
    void erase_and_cool(const endpoint::EndpointKey& key,
                        const std::vector<CoolingAddress>& addresses);
    // Oldest first. Throws Error(Invalid) or Error(Unsupported) for a record that cannot be read.
    [[nodiscard]] std::vector<endpoint::EndpointRecord> all();

    // Those that end earliest first.
    [[nodiscard]] std::vector<CoolingAddress> cooling();
    // Forgets every address that has cooled down by `now`; answers how many.
    std::size_t forget_cooled(WallTime now);

    // Inserts or replaces the note of that kind and name.
    void put_note(std::string_view kind, std::string_view name, std::string_view body);
    // Nothing happens if there is no such note.
    void erase_note(std::string_view kind, std::string_view name);
    // In the order of their names.
    [[nodiscard]] std::vector<Note> notes(std::string_view kind);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace terway::store
