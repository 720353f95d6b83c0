// The node's side of its ENIs: finds their NICs, has the dataplanes make them ready, keeps them so,
// and tells each dataplane which addresses the others serve.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "endpoint/chain.hpp"
#include "endpoint/eni_occupants.hpp"
#include "endpoint/operation.hpp"
#include "endpoint/suspects.hpp"
#include "pool/nics.hpp"

namespace terway::endpoint {

// A monitor; any thread, in the host's network namespace. The kernel is never called under the
// lock.
class EniCare final : public pool::Nics {
public:
    // `dataplanes` are the ids of the modules whose endpoints have addresses of these ENIs. With
    // `exclusive` the NICs move in and out of pods, and between two preparations they are left
    // alone. Borrows everything.
    EniCare(const Modules& modules, std::vector<std::string> dataplanes, bool exclusive,
            host::Gate& gate, host::LinkReaper& reaper, Metrics& metrics);

    [[nodiscard]] std::optional<std::uint32_t> find(const Mac& mac) override;
    void await_change(const cloud::Patience& patience) override;
    // Throws Error(Unsupported) if no dataplane knows anything of ENIs.
    void prepare(const pool::EniPlace& eni) override;
    void forget(const pool::EniPlace& eni) override;

    // The endpoint has its addresses already, as before a restart: nothing is done about it.
    void recall(const EndpointRecord& record);
    // The endpoint is attached: the ENI's other dataplanes hear of its addresses before it is
    // used. Throws Error.
    void entered(const EndpointRecord& record, const Operation& operation);
    // The endpoint is gone, and so is the memory of it whatever is thrown.
    void left(const EndpointRecord& record, const Operation& operation);

    // Links came, went or changed: whoever awaits a change looks again.
    void links_changed();
    // Compares the NICs among the suspects that were made ready with what the dataplane made of
    // them and puts right what differs. Answers how many were. Does not throw.
    std::size_t repair(const Suspects& suspects, const Operation& operation);

private:
    using Verb = twy_status (*twy_eni_verbs::*)(twy_instance*, twy_call*, const twy_eni*,
                                                twy_error*);
    // No two verbs at a time for one ENI. Throws Error(Retry) when it does not come in time.
    class Turn {
    public:
        Turn(EniCare& care, std::string eni, const Operation& operation);
        ~Turn();
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

    private:
        EniCare& care_;
        const std::string eni_;
    };
    // For each dataplane that knows ENIs; throws the first Error, at the end.
    void call(const char* name, Verb verb, const pool::EniPlace& eni, const Operation& operation);
    void call_one(const std::string& dataplane, const char* name, Verb verb,
                  const pool::EniPlace& eni, const Operation& operation);
    [[nodiscard]] bool repair_one(const pool::EniPlace& eni, const Operation& operation);
    [[nodiscard]] std::map<std::string, pool::EniPlace> ready() const;
    void tell_others(const EndpointRecord& record, const Operation& operation);
    [[nodiscard]] std::vector<Prefix> others(const std::string& eni,
                                             const std::string& dataplane) const;
    [[nodiscard]] bool knows_enis(const std::string& dataplane) const;
    [[nodiscard]] bool shares_eni(const EndpointRecord& record) const;

    const Modules& modules_;
    const std::vector<std::string> dataplanes_;
    const bool exclusive_;
    host::Gate& gate_;
    host::LinkReaper& reaper_;
    Metrics& metrics_;
    mutable Mutex mutex_;
    Condition changed_;
    std::uint64_t changes_ TERWAY_GUARDED_BY(mutex_) = 0;
    std::uint64_t seen_ TERWAY_GUARDED_BY(mutex_) = 0;
    std::map<std::string, pool::EniPlace> ready_ TERWAY_GUARDED_BY(mutex_);  // by ENI id
    EniOccupants occupants_ TERWAY_GUARDED_BY(mutex_);
    Condition turn_over_;
    std::set<std::string> busy_ TERWAY_GUARDED_BY(mutex_);  // ENI ids
};

}  // namespace terway::endpoint
