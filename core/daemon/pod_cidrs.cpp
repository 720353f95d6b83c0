#include "daemon/pod_cidrs.hpp"

#include <chrono>
#include <string>

#include "base/log.hpp"

namespace terway::daemon {
namespace {

using std::chrono::seconds;

constexpr const char* kKind = "node";
constexpr const char* kName = "pod-cidrs";
// Before what was remembered is believed.
constexpr seconds kPatience{5};
constexpr seconds kLook{1};
constexpr int kTellEvery = 30;

void remember(store::Store& store, const std::vector<Prefix>& cidrs) {
    std::string body;
    for (const auto& cidr : cidrs) {
        body += (body.empty() ? "" : " ") + cidr.text();
    }
    store.put_note(kKind, kName, body);
}

std::vector<Prefix> remembered(store::Store& store) {
    std::vector<Prefix> cidrs;
    for (const auto& note : store.notes(kKind)) {
        std::size_t begin = 0;
        while (note.name == kName && begin < note.body.size()) {
            const auto end = std::min(note.body.find(' ', begin), note.body.size());
            if (const auto cidr = Prefix::parse(note.body.substr(begin, end - begin))) {
                cidrs.push_back(*cidr);
            }
            begin = end + 1;
        }
    }
    return cidrs;
}

}  // namespace

std::vector<Prefix> find_pod_cidrs(const AskPodCidrs& ask, store::Store& store,
                                   const std::function<bool()>& go_on,
                                   const std::function<void()>& tell) {
    const auto known = remembered(store);
    auto cidrs = known.empty() ? std::vector<Prefix>{} : ask(after(kPatience));
    if (cidrs.empty() && !known.empty()) {
        log::warning(
            "the API server does not tell the node's pod CIDRs; going by what it told last",
            {{"first", known.front().text()}});
        return known;
    }
    for (int looked = 0; cidrs.empty(); ++looked) {
        if (!go_on()) {
            return {};
        }
        if (looked % kTellEvery == 1) {
            tell();
        }
        cidrs = ask(after(kLook));
    }
    remember(store, cidrs);
    return cidrs;
}

}  // namespace terway::daemon
