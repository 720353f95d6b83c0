#include "kube/event.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <ctime>

namespace terway::kube {
namespace {

namespace json = boost::json;

// The API server refuses longer ones.
constexpr std::size_t kLongestMessage = 1024;

// Not within a character of several bytes.
std::string shortened(const std::string& message) {
    if (message.size() <= kLongestMessage) {
        return message;
    }
    auto end = kLongestMessage - 3;
    while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0U) == 0x80U) {
        --end;
    }
    return message.substr(0, end) + "...";
}

}  // namespace

std::string timestamp(WallTime time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::string out(sizeof "2026-01-02T03:04:05Z", '\0');
    out.resize(std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
    return out;
}

const std::string& space_of(const Event& event) {
    static const std::string kDefault = "default";
    return event.about.space.empty() ? kDefault : event.about.space;
}

std::string to_json(const Occurrences& what, const Reporter& who) {
    const auto& event = what.event;
    json::object involved{
        {"apiVersion", "v1"}, {"kind", event.about.kind}, {"name", event.about.name}};
    if (!event.about.space.empty()) {
        involved["namespace"] = event.about.space;
    }
    if (!event.about.uid.empty()) {
        involved["uid"] = event.about.uid;
    }
    return json::serialize(json::object{
        {"apiVersion", "v1"},
        {"kind", "Event"},
        {"metadata", json::object{{"name", what.name}, {"namespace", space_of(event)}}},
        {"involvedObject", std::move(involved)},
        {"type", event.is_warning ? "Warning" : "Normal"},
        {"reason", event.reason},
        {"message", shortened(event.message)},
        {"source", json::object{{"component", who.component}, {"host", who.node}}},
        {"reportingComponent", who.component},
        {"reportingInstance", who.node},
        {"firstTimestamp", timestamp(what.first)},
        {"lastTimestamp", timestamp(what.last)},
        {"count", what.count}});
}

std::string count_patch(const Occurrences& what) {
    return json::serialize(
        json::object{{"count", what.count}, {"lastTimestamp", timestamp(what.last)}});
}

}  // namespace terway::kube
