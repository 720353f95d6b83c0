// A cloud that knows route tables only, and fails when it is told to.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cloud/api.hpp"

namespace terway::routes {

class FakeApi final : public cloud::Api {
public:
    // What happens to the next calls of one action: the front applies to the next call and is used
    // up with it.
    struct Fault {
        cloud::Reaction reaction = cloud::Reaction::Unknown;
        std::string code = "InternalError";
        bool carried_out = false;  // and only the answer lost
    };

    std::vector<cloud::RouteEntry> entries;
    std::vector<std::string> tables{"vtb-system"};
    std::map<std::string, std::string> table_of_vswitch;
    std::map<std::string, std::deque<Fault>> faults;
    std::string new_status = "Available";  // of created entries
    bool blind = false;                    // reads answer what there was when it was set
    std::vector<std::string> calls;        // mutating ones and reads, by action
    std::vector<std::string> tokens;       // of creations, in order
    std::function<void(const std::string& action)> on_call = [](const auto&) {};

    [[nodiscard]] std::size_t count(const std::string& action) const;
    void go_blind();
    void see() { blind = false; }

    [[nodiscard]] std::vector<cloud::VSwitch> describe_vswitches(
        const std::vector<std::string>& ids, const cloud::Patience& patience) override;
    [[nodiscard]] std::vector<std::string> describe_route_tables(
        const std::string& vpc, const cloud::Patience& patience) override;
    [[nodiscard]] std::vector<cloud::RouteEntry> describe_route_entries(
        const std::string& table, const std::optional<Prefix>& destination,
        const cloud::Patience& patience) override;
    void create_route_entry(const std::string& table, const Prefix& destination,
                            const std::string& instance, const std::string& description,
                            const std::string& token, const cloud::Patience& patience) override;
    void delete_route_entry(const cloud::RouteEntry& entry,
                            const cloud::Patience& patience) override;

    cloud::Eni create_eni(const cloud::NewEni&, const std::string&,
                          const cloud::Patience&) override;
    void attach_eni(const std::string&, const std::string&, const cloud::Patience&) override;
    void detach_eni(const std::string&, const std::string&, const cloud::Patience&) override;
    void delete_eni(const std::string&, const cloud::Patience&) override;
    std::vector<cloud::Eni> describe_enis(const cloud::EniFilter&, const cloud::Patience&) override;
    cloud::AddressSet assign(const std::string&, const cloud::AddressWish&, const std::string&,
                             const cloud::Patience&) override;
    void unassign(const std::string&, const cloud::AddressSet&, const cloud::Patience&) override;
    cloud::InstanceLimits describe_instance_type(const std::string&,
                                                 const cloud::Patience&) override;
    void tag_enis(const std::vector<std::string>&, const cloud::Tags&,
                  const cloud::Patience&) override;

private:
    // Throws what is due before the effect; afterwards() what is due after it.
    void begin(const std::string& action);
    void afterwards(const std::string& action);
    [[nodiscard]] const std::vector<cloud::RouteEntry>& visible() const {
        return blind ? before_ : entries;
    }

    std::vector<cloud::RouteEntry> before_;
    std::map<std::string, Prefix> used_tokens_;
    std::optional<Fault> lost_answer_;
    int next_id_ = 1;
};

}  // namespace terway::routes
