// The pool's journal, kept in the store as notes of JSON.
#pragma once

#include "pool/journal.hpp"
#include "store/store.hpp"

namespace terway::daemon {

// Borrows the store. Notes that cannot be read (a later version wrote them) are logged and passed
// over: the cloud knows the rest.
class PoolJournal final : public pool::Journal {
public:
    // `exclusive`: of the ENIs that serve one endpoint alone; the others have a journal of theirs.
    explicit PoolJournal(store::Store& store, bool exclusive = false);

    void begin(const pool::PendingCall& call) override;
    void finish(const std::string& token) override;
    [[nodiscard]] std::vector<pool::PendingCall> pending() override;

    void keep(const pool::EniRecord& eni) override;
    void drop(const std::string& eni) override;
    [[nodiscard]] std::vector<pool::EniRecord> enis() override;

private:
    store::Store& store_;
    const char* const call_;
    const char* const eni_;
};

}  // namespace terway::daemon
