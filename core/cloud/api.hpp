// The calls of the cloud's OpenAPI that we make. The pool and the route keeper know this class and
// not the protocol behind it; tests and benchmarks put a cloud of their own in its place.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cloud/api_error.hpp"
#include "cloud/eni.hpp"

namespace terway::cloud {

// How long a call may take altogether, and what ends it early.
struct Patience {
    std::stop_token stop;
    Deadline deadline;
    // Told of each refusal after which the call repeats itself. May be empty; must not throw.
    std::function<void(const ApiError&)> on_setback;
};

// Blocking; any thread, any number at a time. A call repeats itself, as the reaction table says and
// as long as patience lasts, where that is safe: reads always; calls with a token with the same
// token; others only if the cloud certainly did nothing (throttled, conflict, stale session, clock
// skew). Otherwise, and at the end of patience, it throws ApiError; Error(Retry) when stopped.
//
// After Reaction::Unknown of a call without a token the caller reads the state before it goes on.
//
// Tokens (ClientToken) are 1 to 64 printable ASCII characters. The same token with the same
// arguments has one effect, however often it is sent.
class Api {
public:
    virtual ~Api() = default;

    // The ENI is Available (or still Creating) and not attached to anything; its addresses are
    // final. It neither checks source and destination nor survives its instance.
    [[nodiscard]] virtual Eni create_eni(const NewEni& wish, const std::string& token,
                                         const Patience& patience) = 0;
    // Accepted, not done: read the status.
    virtual void attach_eni(const std::string& eni, const std::string& instance,
                            const Patience& patience) = 0;
    virtual void detach_eni(const std::string& eni, const std::string& instance,
                            const Patience& patience) = 0;
    virtual void delete_eni(const std::string& eni, const Patience& patience) = 0;
    // All pages. What does not exist is not in the answer.
    [[nodiscard]] virtual std::vector<Eni> describe_enis(const EniFilter& filter,
                                                         const Patience& patience) = 0;

    // One family and kind a call: exactly one member of `wish` is not 0.
    [[nodiscard]] virtual AddressSet assign(const std::string& eni, const AddressWish& wish,
                                            const std::string& token, const Patience& patience) = 0;
    // One call for each family and kind that is not empty.
    virtual void unassign(const std::string& eni, const AddressSet& addresses,
                          const Patience& patience) = 0;

    [[nodiscard]] virtual InstanceLimits describe_instance_type(const std::string& type,
                                                                const Patience& patience) = 0;
    [[nodiscard]] virtual std::vector<VSwitch> describe_vswitches(
        const std::vector<std::string>& ids, const Patience& patience) = 0;
    virtual void tag_enis(const std::vector<std::string>& enis, const Tags& tags,
                          const Patience& patience) = 0;

    // The ids of the VPC's route tables, the system one first.
    [[nodiscard]] virtual std::vector<std::string> describe_route_tables(
        const std::string& vpc, const Patience& patience) = 0;
    // Custom entries; of one destination if it is given.
    [[nodiscard]] virtual std::vector<RouteEntry> describe_route_entries(
        const std::string& table, const std::optional<Prefix>& destination,
        const Patience& patience) = 0;
    // To an instance. Accepted, not done: read the status.
    virtual void create_route_entry(const std::string& table, const Prefix& destination,
                                    const std::string& instance, const std::string& description,
                                    const std::string& token, const Patience& patience) = 0;
    virtual void delete_route_entry(const RouteEntry& entry, const Patience& patience) = 0;
};

}  // namespace terway::cloud
