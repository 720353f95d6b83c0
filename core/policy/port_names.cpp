#include "policy/port_names.hpp"

#include <tuple>
#include <utility>

namespace terway::policy {

bool PortNames::Entry::operator<(const Entry& other) const {
    return std::tie(name, protocol, number) < std::tie(other.name, other.protocol, other.number);
}

void PortNames::watch(std::set<kube::Word> names, const ForPods& all_pods) {
    if (names == names_) {
        return;
    }
    names_ = std::move(names);
    pods_.clear();
    is_touched_ = true;
    if (!names_.empty()) {
        all_pods([this](const PodState& pod) { add(pod); });
    }
}

void PortNames::count(const PodState& pod, int ways) {
    if (names_.empty() || !pod.counts) {
        return;
    }
    for (const auto& port : pod.ports) {
        if (!names_.contains(port.name)) {
            continue;
        }
        is_touched_ = true;
        const auto place = pods_.try_emplace({port.name, port.protocol, port.number}, 0).first;
        if (ways > 0) {
            ++place->second;
        } else if (--place->second == 0) {
            pods_.erase(place);
        }
    }
}

std::vector<std::uint16_t> PortNames::numbers(Protocol protocol, const kube::Word& name) const {
    std::vector<std::uint16_t> out;
    for (auto each = pods_.lower_bound({name, protocol, 0});
         each != pods_.end() && each->first.name == name && each->first.protocol == protocol;
         ++each) {
        out.push_back(each->first.number);
    }
    return out;
}

bool PortNames::take_changed() {
    if (!std::exchange(is_touched_, false)) {
        return false;
    }
    std::vector<Entry> now;
    for (const auto& [entry, _] : pods_) {
        now.push_back(entry);
    }
    const bool is_other = now != taken_;
    taken_ = std::move(now);
    return is_other;
}

}  // namespace terway::policy
