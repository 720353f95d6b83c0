// Carries out the ledger's orders in the cloud, on the node and in the journal, step by step in an
// order that leaves nothing lost or doubled wherever it is interrupted:
//
// - A call with a token is in the journal before it is sent and until its effect is in the books;
//   after a crash it is sent again with the same token.
// - An address is journalled before it can be handed out, and no longer is before it is given back.
// - An ENI that cannot be completed is deleted again; if not even that works, its tags tell.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/mutex.hpp"
#include "cloud/api.hpp"
#include "cloud/metadata.hpp"
#include "pool/eni_pool.hpp"
#include "pool/eni_watch.hpp"
#include "pool/journal.hpp"
#include "pool/nics.hpp"
#include "pool/pool_observer.hpp"

namespace terway::pool {

// Any thread, any number of orders at a time.
class EniWorker {
public:
    struct Parts {
        cloud::Api& api;
        cloud::Metadata& metadata;
        Nics& nics;
        Journal& journal;
        EniPool& pool;
        PoolObserver& observer;
    };
    // `new_token` gives 1 to 64 printable ASCII characters that were never given before.
    EniWorker(Parts parts, EniSettings settings, EniPool::WallClock clock,
              std::function<std::string()> new_token);

    // What the journal knows: after it the pool serves from ENIs whose NICs are there, even with
    // the cloud away. After the records have been claimed.
    void begin();
    // Tells the pool what came of it; failures too.
    void carry_out(const Order& order, const cloud::Patience& patience);
    // Reads the cloud and makes the books agree with it; throws Error if it cannot be read.
    void resync(const cloud::Patience& patience);

private:
    void create(const Order& order, const cloud::Patience& patience);
    void attach_and_prepare(const Order& order, const PendingCall& call, const cloud::Eni& eni,
                            const cloud::Patience& patience);
    // An ENI whose making began then.
    cloud::Eni attach(const std::string& eni, WallTime begun, const cloud::Patience& patience);
    void abandon(const std::string& eni, const cloud::Patience& patience);
    void assign(const Order& order, const cloud::Patience& patience);
    bool assign_one(const Order& order, const PendingCall& call, const cloud::Patience& patience);
    void unassign(const Order& order, const cloud::Patience& patience);
    void remove(const Order& order, const cloud::Patience& patience);
    void forget(const Order& order);
    void prepare(const Order& order, const cloud::Patience& patience);
    [[nodiscard]] std::uint32_t await_nic(const std::string& eni, const Mac& mac,
                                          const cloud::Patience& patience);

    void learn_limits(const cloud::Patience& patience);
    void learn_vswitches(const cloud::Patience& patience);
    [[nodiscard]] Reading read(const cloud::Patience& patience);
    void act_on(const Findings& findings, const cloud::Patience& patience);
    void adopt(const EniRead& read, const cloud::Patience& patience);
    void delete_leaks(const cloud::Patience& patience);
    [[nodiscard]] EniPlace place_of(const cloud::Eni& eni, const cloud::Patience& patience);
    [[nodiscard]] cloud::Tags own_tags() const;
    [[nodiscard]] PendingCall new_creation(const Order& order) const;
    void keep(const std::string& eni);
    void fail(const Order& order, Failure failure);

    Parts parts_;
    EniSettings settings_;
    EniPool::WallClock clock_;
    std::function<std::string()> new_token_;
    EniWatch watch_;
    Mutex mutex_;
    std::map<std::string, unsigned> leaks_ TERWAY_GUARDED_BY(mutex_);  // how often seen
};

}  // namespace terway::pool
