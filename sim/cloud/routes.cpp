#include "sim/cloud/routes.hpp"

#include <algorithm>

#include "sim/cloud/call.hpp"
#include "terway/error.hpp"

namespace terway::sim {

Routes::Routes(Model& model, const Settings& settings, Dice& dice)
    : model_(model), settings_(settings), dice_(dice) {
    for (const auto& [destination, route] : model.routes()) {
        RouteRecord made;
        made.id = "rte-sim" + std::to_string(next_++);
        made.destination = destination;
        made.next_hop = route.next_hop.id;
        made.type =
            route.next_hop.kind == NextHop::Kind::Instance ? "Instance" : "NetworkInterface";
        records_.push_back(made);
    }
}

void Routes::check_idle() const {
    if (next_event()) {
        refuse_call(409, "TaskConflict", "The operation is too frequent, please wait a moment.");
    }
}

std::string Routes::create(RouteRecord wish, WallTime now) {
    check_idle();
    if (records_.size() >= settings_.route_quota) {
        refuse_call(400, "QuotaExceeded", "The route table has as many entries as allowed.");
    }
    for (const auto& record : records_) {
        if (record.destination == wish.destination) {
            refuse_call(400, "RouterEntryConflict.Duplicated",
                        "The route entry to " + wish.destination.text() + " exists already.");
        }
    }
    if (wish.destination.overlaps(*Prefix::parse("100.64.0.0/10"))) {
        refuse_call(400, "InvalidCidrBlock", "100.64.0.0/10 is reserved.");
    }
    const NextHop hop{wish.type == "Instance" ? NextHop::Kind::Instance : NextHop::Kind::Eni,
                      wish.next_hop};
    const bool known = hop.kind == NextHop::Kind::Instance ? model_.instances().contains(hop.id)
                                                           : model_.enis().contains(hop.id);
    if (!known) {
        refuse_call(404, "InvalidNextHopId.NotFound", "The specified next hop does not exist.");
    }
    try {
        Model trial = model_;
        trial.add_route({wish.destination, hop});
    } catch (const Error& error) {
        refuse_call(400, "InvalidCidrBlock", error.what());
    }
    wish.id = "rte-sim" + std::to_string(next_++);
    wish.status = "Pending";
    wish.due = now + dice_.within(settings_.route);
    const std::string id = wish.id;
    records_.push_back(std::move(wish));
    advance(now);
    return id;
}

void Routes::remove(const std::string& id, const std::optional<Prefix>& destination,
                    const std::string& next_hop, WallTime now) {
    const auto found = std::find_if(records_.begin(), records_.end(), [&](const auto& record) {
        return id.empty() ? destination && record.destination == *destination &&
                                (next_hop.empty() || record.next_hop == next_hop)
                          : record.id == id;
    });
    if (found == records_.end()) {
        refuse_call(404, "InvalidRouteEntry.NotFound", "The specified route entry does not exist.");
    }
    check_idle();
    found->status = "Deleting";
    found->due = now + dice_.within(settings_.route);
    advance(now);
}

void Routes::advance(WallTime now) {
    for (auto& record : records_) {
        if (!record.due || *record.due > now) {
            continue;
        }
        record.due.reset();
        if (record.status == "Deleting") {
            model_.remove_route(record.destination);
            record.id.clear();
            continue;
        }
        record.status = "Available";
        const auto kind = record.type == "Instance" ? NextHop::Kind::Instance : NextHop::Kind::Eni;
        model_.add_route({record.destination, {kind, record.next_hop}});
    }
    std::erase_if(records_, [](const RouteRecord& record) { return record.id.empty(); });
}

std::optional<WallTime> Routes::next_event() const {
    std::optional<WallTime> next;
    for (const auto& record : records_) {
        if (record.due && (!next || *record.due < *next)) {
            next = record.due;
        }
    }
    return next;
}

}  // namespace terway::sim
