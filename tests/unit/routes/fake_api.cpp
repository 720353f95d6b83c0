#include "fake_api.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace terway::routes {
namespace {

using cloud::ApiError;
using cloud::Patience;
using cloud::Reaction;

[[noreturn]] void refuse(Reaction reaction, const std::string& action, const std::string& code) {
    throw ApiError(reaction, action, code, code);
}

[[noreturn]] void not_a_route_call() {
    throw std::logic_error("the route keeper has no business with ENIs");
}

}  // namespace

std::size_t FakeApi::count(const std::string& action) const {
    return static_cast<std::size_t>(std::count(calls.begin(), calls.end(), action));
}

void FakeApi::go_blind() {
    before_ = entries;
    blind = true;
}

void FakeApi::begin(const std::string& action) {
    calls.push_back(action);
    on_call(action);
    auto& due = faults[action];
    if (due.empty()) {
        return;
    }
    const auto fault = due.front();
    due.pop_front();
    if (!fault.carried_out) {
        refuse(fault.reaction, action, fault.code);
    }
    lost_answer_ = fault;
}

void FakeApi::afterwards(const std::string& action) {
    if (const auto lost = std::exchange(lost_answer_, std::nullopt)) {
        refuse(lost->reaction, action, lost->code);
    }
}

std::vector<cloud::VSwitch> FakeApi::describe_vswitches(const std::vector<std::string>& ids,
                                                        const Patience& /*patience*/) {
    begin("DescribeVSwitches");
    std::vector<cloud::VSwitch> found;
    for (const auto& id : ids) {
        if (table_of_vswitch.contains(id)) {
            found.push_back({.id = id, .vpc = "vpc-1", .route_table = table_of_vswitch[id]});
        }
    }
    return found;
}

std::vector<std::string> FakeApi::describe_route_tables(const std::string& /*vpc*/,
                                                        const Patience& /*patience*/) {
    begin("DescribeRouteTableList");
    return tables;
}

std::vector<cloud::RouteEntry> FakeApi::describe_route_entries(
    const std::string& table, const std::optional<Prefix>& destination,
    const Patience& /*patience*/) {
    begin(destination ? "DescribeOneEntry" : "DescribeAllEntries");
    std::vector<cloud::RouteEntry> found;
    for (const auto& entry : visible()) {
        if (entry.table == table && (!destination || entry.destination == *destination)) {
            found.push_back(entry);
        }
    }
    return found;
}

void FakeApi::create_route_entry(const std::string& table, const Prefix& destination,
                                 const std::string& instance, const std::string& description,
                                 const std::string& token, const Patience& /*patience*/) {
    tokens.push_back(token);
    begin("CreateRouteEntry");
    const auto [used, fresh] = used_tokens_.emplace(token, destination);
    if (!fresh) {
        if (used->second != destination) {
            refuse(Reaction::SpoiledToken, "CreateRouteEntry", "IdempotentParameterMismatch");
        }
        return;
    }
    const bool taken =
        std::any_of(entries.begin(), entries.end(), [&](const cloud::RouteEntry& entry) {
            return entry.table == table && entry.destination == destination;
        });
    if (taken) {
        used_tokens_.erase(token);
        refuse(Reaction::Permanent, "CreateRouteEntry", "RouterEntryConflict.Duplicated");
    }
    entries.push_back({.table = table,
                       .id = "rte-" + std::to_string(next_id_++),
                       .destination = destination,
                       .status = new_status,
                       .type = "Custom",
                       .next_hop_type = "Instance",
                       .next_hop = instance,
                       .description = description});
    afterwards("CreateRouteEntry");
}

void FakeApi::delete_route_entry(const cloud::RouteEntry& entry, const Patience& /*patience*/) {
    begin("DeleteRouteEntry");
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& each) { return each.id == entry.id; });
    if (found == entries.end()) {
        refuse(Reaction::Gone, "DeleteRouteEntry", "InvalidRouteEntry.NotFound");
    }
    if (found->status != "Available") {
        refuse(Reaction::WrongState, "DeleteRouteEntry", "IncorrectRouteEntryStatus");
    }
    entries.erase(found);
    afterwards("DeleteRouteEntry");
}

cloud::Eni FakeApi::create_eni(const cloud::NewEni& /*wish*/, const std::string& /*token*/,
                               const Patience& /*patience*/) {
    not_a_route_call();
}
void FakeApi::attach_eni(const std::string& /*eni*/, const std::string& /*instance*/,
                         const Patience& /*patience*/) {
    not_a_route_call();
}
void FakeApi::detach_eni(const std::string& /*eni*/, const std::string& /*instance*/,
                         const Patience& /*patience*/) {
    not_a_route_call();
}
void FakeApi::delete_eni(const std::string& /*eni*/, const Patience& /*patience*/) {
    not_a_route_call();
}
std::vector<cloud::Eni> FakeApi::describe_enis(const cloud::EniFilter& /*filter*/,
                                               const Patience& /*patience*/) {
    not_a_route_call();
}
cloud::AddressSet FakeApi::assign(const std::string& /*eni*/, const cloud::AddressWish& /*wish*/,
                                  const std::string& /*token*/, const Patience& /*patience*/) {
    not_a_route_call();
}
void FakeApi::unassign(const std::string& /*eni*/, const cloud::AddressSet& /*addresses*/,
                       const Patience& /*patience*/) {
    not_a_route_call();
}
cloud::InstanceLimits FakeApi::describe_instance_type(const std::string& /*type*/,
                                                      const Patience& /*patience*/) {
    not_a_route_call();
}
void FakeApi::tag_enis(const std::vector<std::string>& /*enis*/, const cloud::Tags& /*tags*/,
                       const Patience& /*patience*/) {
    not_a_route_call();
}

}  // namespace terway::routes
