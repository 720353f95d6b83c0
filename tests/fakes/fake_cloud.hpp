// A cloud in memory, for tests of the ENI pool. Counts what it is asked and can fail at any step.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cloud/api.hpp"
#include "cloud/metadata.hpp"
#include "fakes/fuse.hpp"

namespace terway::fakes {

// What happens to the next calls of an action.
struct Fault {
    std::string action;  // "create", "attach", "assign", ...
    cloud::Reaction reaction = cloud::Reaction::Unknown;
    bool after_effect = false;  // the answer is lost, the effect is not
    unsigned times = 1;
};

// Attaches at once unless told otherwise. Addresses are 10.0.x.y and fd00::x:y, all different.
class FakeCloud final : public cloud::Api, public cloud::Metadata {
public:
    using WallClock = std::function<WallTime()>;

    FakeCloud(cloud::InstanceLimits limits, WallClock clock, Fuse* fuse = nullptr);

    void add_vswitch(const std::string& id, std::uint64_t free);
    void inject(const Fault& fault);
    // Called within a read of ENIs, before it is answered; not for threads but the reader's.
    std::function<void()> while_reading;
    void attach_takes(std::chrono::milliseconds span) { attach_takes_ = span; }
    // Reads answer with what is now, until thawed.
    void freeze_reads(bool frozen);
    void lose_eni(const std::string& id);         // as somebody else would delete it
    void lose_address(const IpAddress& address);  // or unassign it
    void add_foreign_eni(const cloud::Eni& eni);
    IpAddress add_address(const std::string& eni);  // or assign one

    [[nodiscard]] std::map<std::string, unsigned> calls() const;
    [[nodiscard]] unsigned changing_calls() const;
    [[nodiscard]] std::vector<cloud::Eni> enis() const;  // the truth
    [[nodiscard]] std::set<IpAddress> addresses_in_use() const;
    [[nodiscard]] bool quota_was_exceeded() const;

    cloud::Eni create_eni(const cloud::NewEni& wish, const std::string& token,
                          const cloud::Patience& patience) override;
    void attach_eni(const std::string& eni, const std::string& instance,
                    const cloud::Patience& patience) override;
    void detach_eni(const std::string& eni, const std::string& instance,
                    const cloud::Patience& patience) override;
    void delete_eni(const std::string& eni, const cloud::Patience& patience) override;
    std::vector<cloud::Eni> describe_enis(const cloud::EniFilter& filter,
                                          const cloud::Patience& patience) override;
    cloud::AddressSet assign(const std::string& eni, const cloud::AddressWish& wish,
                             const std::string& token, const cloud::Patience& patience) override;
    void unassign(const std::string& eni, const cloud::AddressSet& addresses,
                  const cloud::Patience& patience) override;
    cloud::InstanceLimits describe_instance_type(const std::string& type,
                                                 const cloud::Patience& patience) override;
    std::vector<cloud::VSwitch> describe_vswitches(const std::vector<std::string>& ids,
                                                   const cloud::Patience& patience) override;
    void tag_enis(const std::vector<std::string>& enis, const cloud::Tags& tags,
                  const cloud::Patience& patience) override;
    std::vector<std::string> describe_route_tables(const std::string& vpc,
                                                   const cloud::Patience& patience) override;
    std::vector<cloud::RouteEntry> describe_route_entries(const std::string& table,
                                                          const std::optional<Prefix>& destination,
                                                          const cloud::Patience& patience) override;
    void create_route_entry(const std::string& table, const Prefix& destination,
                            const std::string& instance, const std::string& description,
                            const std::string& token, const cloud::Patience& patience) override;
    void delete_route_entry(const cloud::RouteEntry& entry,
                            const cloud::Patience& patience) override;

    cloud::InstanceFacts instance(const cloud::Patience& patience) override;
    std::vector<Mac> macs(const cloud::Patience& patience) override;
    std::optional<cloud::NicFacts> nic(const Mac& mac, const cloud::Patience& patience) override;

private:
    class Call;

    void settle();
    IpAddress next_address(Family family);
    Prefix next_prefix(Family family);
    void spend(const std::string& vswitch, std::uint64_t count, const std::string& action);
    cloud::AddressSet add_to(cloud::Eni& eni, const cloud::AddressWish& wish,
                             const std::string& action);
    cloud::Eni& existing(const std::string& id, const std::string& action);

    mutable std::mutex mutex_;
    cloud::InstanceLimits limits_;
    WallClock clock_;
    Fuse* fuse_;
    std::chrono::milliseconds attach_takes_{};
    std::map<std::string, cloud::Eni> enis_;
    std::map<std::string, WallTime> attached_at_;
    std::map<std::string, cloud::VSwitch> vswitches_;
    std::map<std::string, cloud::Eni> created_;          // by token
    std::map<std::string, cloud::AddressSet> assigned_;  // by token
    std::optional<std::map<std::string, cloud::Eni>> frozen_;
    std::vector<Fault> faults_;
    std::map<std::string, unsigned> calls_;
    unsigned next_eni_ = 1;
    std::uint64_t next_address_ = 0;
    std::uint64_t next_prefix_ = 0;
    bool exceeded_ = false;
};

}  // namespace terway::fakes
