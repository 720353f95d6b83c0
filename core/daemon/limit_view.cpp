#include "daemon/limit_view.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <utility>

#include "base/back_off.hpp"
#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;
using endpoint::LimitState;
using std::chrono::milliseconds;

constexpr milliseconds kBetweenLooks{200};
constexpr std::chrono::seconds kLongAgo{10};

json::object describe(const LimitState& now, const LimitState& before, Clock::duration span) {
    return {{"mode", now.mode},
            {"limit_bps", now.rate_bps},
            {"rate_bps", static_cast<std::uint64_t>(rate_between(before.bytes, now.bytes, span))},
            {"bytes", now.bytes},
            {"packets", now.packets},
            {"drops", now.drops},
            {"backlog_bytes", now.backlog}};
}

// As a label's value.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c == '\n' ? ' ' : c;
    }
    return out + "\"";
}

struct Column {
    const char* name;
    const char* type;
    const char* help;
    std::uint64_t LimitState::*member;
};
constexpr std::array<Column, 5> kColumns{
    {{"terway_bandwidth_limit_bps", "gauge", "The limit of a pod", &LimitState::rate_bps},
     {"terway_bandwidth_bytes_total", "counter", "Passed a pod's limit", &LimitState::bytes},
     {"terway_bandwidth_packets_total", "counter", "Passed a pod's limit", &LimitState::packets},
     {"terway_bandwidth_drops_total", "counter", "Packets a pod's limit dropped",
      &LimitState::drops},
     {"terway_bandwidth_backlog_bytes", "gauge", "Waiting at a pod's limit",
      &LimitState::backlog}}};

}  // namespace

double rate_between(std::uint64_t before, std::uint64_t now, Clock::duration span) {
    const auto seconds = std::chrono::duration<double>(span).count();
    return now < before || seconds <= 0 ? 0 : static_cast<double>(now - before) * 8 / seconds;
}

LimitView::Samples LimitView::take(const endpoint::Operation& operation) const {
    Samples all;
    for (const auto& record : manager_.records()) {
        try {
            if (const auto states = manager_.observe(record, operation)) {
                all.emplace(record.key(), Sample{record.spec.pod_namespace, record.spec.pod_name,
                                                 *states, Clock::now()});
            }
        } catch (const Error& error) {
            log::warning("the limits of an endpoint cannot be read",
                         {{"endpoint", record.key().text()}, {"reason", error.what()}});
        }
    }
    return all;
}

std::map<endpoint::EndpointKey, json::object> LimitView::look(
    const endpoint::Operation& operation) {
    const MutexLock lock(mutex_);
    auto now = take(operation);
    auto before = std::exchange(last_, {});
    const bool can_tell = std::all_of(now.begin(), now.end(), [&](const auto& each) {
        const auto found = before.find(each.first);
        return found != before.end() && each.second.at - found->second.at > kBetweenLooks / 2 &&
               each.second.at - found->second.at < kLongAgo;
    });
    if (!can_tell) {
        (void)rest_for(kBetweenLooks, operation.stop, operation.deadline);
        before = std::exchange(now, take(operation));
    }
    std::map<endpoint::EndpointKey, json::object> all;
    for (const auto& [key, sample] : now) {
        const auto found = before.find(key);
        const auto& old = found == before.end() ? sample : found->second;
        const auto span = sample.at - old.at;
        all[key] = {{"ingress", describe(sample.states.ingress, old.states.ingress, span)},
                    {"egress", describe(sample.states.egress, old.states.egress, span)}};
    }
    last_ = std::move(now);
    return all;
}

std::string LimitView::metrics(const endpoint::Operation& operation) const {
    const auto samples = take(operation);
    std::ostringstream out;
    for (const auto& column : kColumns) {
        out << "# HELP " << column.name << " " << column.help << "\n# TYPE " << column.name << " "
            << column.type << "\n";
        for (const auto& [key, sample] : samples) {
            for (const auto& [direction, state] : {std::pair{"ingress", &sample.states.ingress},
                                                   std::pair{"egress", &sample.states.egress}}) {
                if (state->rate_bps != 0) {
                    out << column.name << "{namespace=" << quoted(sample.pod_namespace)
                        << ",pod=" << quoted(sample.pod_name) << ",endpoint=" << quoted(key.text())
                        << ",direction=\"" << direction << "\"} " << state->*column.member << "\n";
                }
            }
        }
    }
    return samples.empty() ? std::string() : out.str();
}

}  // namespace terway::daemon
