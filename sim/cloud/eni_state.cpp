#include <algorithm>

#include "sim/cloud/call.hpp"
#include "sim/cloud/eni_book.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

bool routed(const Model& model, const std::string& eni) {
    const auto& routes = model.routes();
    return std::any_of(routes.begin(), routes.end(), [&](const auto& entry) {
        return entry.second.next_hop.kind == NextHop::Kind::Eni && entry.second.next_hop.id == eni;
    });
}

}  // namespace

EniRecord& EniBook::record(const std::string& eni) {
    const auto found = records_.find(eni);
    if (found == records_.end()) {
        refuse_call(404, "InvalidEniId.NotFound",
                    "The specified network interface " + eni + " does not exist.");
    }
    return found->second;
}

void EniBook::touch(const std::string& eni, WallTime now) {
    if (records_.contains(eni)) {
        views_[eni] = std::make_shared<const EniView>(EniView{model_.eni(eni), records_.at(eni)});
    } else {
        views_.erase(eni);
    }
    described_.push_back({now + settings_.stale, views_});
    metadata_.push_back(
        {std::max(now + dice_.within(settings_.metadata_lag), metadata_.back().visible), views_});
    (void)seen(described_, now);
    (void)seen(metadata_, now);
}

const EniViews& EniBook::seen(std::vector<Past>& past, WallTime now) {
    auto last = past.begin();
    while (last + 1 != past.end() && (last + 1)->visible <= now) {
        ++last;
    }
    past.erase(past.begin(), last);
    return past.front().views;
}

const EniViews& EniBook::described(WallTime now) {
    return seen(described_, now);
}

const EniViews& EniBook::in_metadata(WallTime now) {
    return seen(metadata_, now);
}

void EniBook::begin(const std::string& eni, EniStatus status, const Range& delay, WallTime now) {
    EniRecord& mine = record(eni);
    mine.status = status;
    const auto span = dice_.within(delay);
    mine.due = now + span;
    if (span.count() == 0) {
        complete(eni, now);
    } else {
        touch(eni, now);
    }
}

void EniBook::complete(const std::string& eni, WallTime now) {
    EniRecord& mine = record(eni);
    mine.due.reset();
    switch (mine.status) {
        case EniStatus::Creating:
            mine.status = EniStatus::Available;
            break;
        case EniStatus::Attaching:
            model_.attach_eni(eni, mine.instance);
            mine.status = EniStatus::InUse;
            break;
        case EniStatus::Detaching:
            model_.detach_eni(eni);
            mine.instance.clear();
            mine.status = EniStatus::Available;
            break;
        case EniStatus::Deleting:
            if (routed(model_, eni)) {
                mine.due = now + std::chrono::seconds(1);
                break;
            }
            model_.delete_eni(eni);
            records_.erase(eni);
            break;
        case EniStatus::Available:
        case EniStatus::InUse:
            break;
    }
    touch(eni, now);
}

void EniBook::advance(WallTime now) {
    for (auto next = next_event(); next && *next <= now; next = next_event()) {
        for (const auto& [id, mine] : records_) {
            if (mine.due == next) {
                const std::string due = id;
                complete(due, *next);
                break;
            }
        }
    }
}

std::optional<WallTime> EniBook::next_event() const {
    std::optional<WallTime> next;
    for (const auto& [id, mine] : records_) {
        if (mine.due && (!next || *mine.due < *next)) {
            next = mine.due;
        }
    }
    return next;
}

void EniBook::tear_off(const std::string& eni, WallTime now) {
    if (model_.eni(eni).attachment) {
        model_.detach_eni(eni);
    }
    EniRecord& mine = record(eni);
    mine.instance.clear();
    mine.due.reset();
    mine.status = EniStatus::Available;
    touch(eni, now);
}

void EniBook::destroy(const std::string& eni, WallTime now) {
    if (model_.eni(eni).attachment) {
        model_.detach_eni(eni);
    }
    model_.delete_eni(eni);
    records_.erase(eni);
    touch(eni, now);
}

void EniBook::take_away(const std::string& eni, const Given& what, WallTime now) {
    model_.unassign_addresses(eni, what.addresses);
    model_.unassign_prefixes(eni, what.prefixes);
    touch(eni, now);
}

void EniBook::drain(const std::string& vswitch, std::size_t left) {
    const std::size_t free = model_.count_free(vswitch);
    drained_[vswitch] = free > left ? free - left : 0;
}

std::size_t EniBook::available(const std::string& vswitch) const {
    const std::size_t free = model_.count_free(vswitch);
    const auto others = drained_.find(vswitch);
    const std::size_t taken = others == drained_.end() ? 0 : others->second;
    return free > taken ? free - taken : 0;
}

void EniBook::set_instance_status(const std::string& instance, const std::string& status) {
    (void)model_.instance(instance);
    instance_status_[instance] = status;
}

std::string EniBook::instance_status(const std::string& instance) const {
    const auto found = instance_status_.find(instance);
    return found == instance_status_.end() ? "Running" : found->second;
}

}  // namespace terway::sim
