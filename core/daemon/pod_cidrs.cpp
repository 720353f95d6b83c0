#include "daemon/pod_cidrs.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using std::chrono::seconds;

constexpr const char* kKind = "node";
constexpr const char* kName = "pod-cidrs";
// Before what was remembered is believed.
constexpr seconds kPatience{5};
constexpr seconds kLook{1};
constexpr int kTellEvery = 30;
// A whole private network of the largest kind.
constexpr unsigned kLeastV4 = 8;
constexpr unsigned kLeastV6 = 16;
// https://www.iana.org/assignments/iana-ipv4-special-registry, .../iana-ipv6-special-registry
constexpr auto kNoPods = {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3",
                          "::/128",    "::1/128",     "fe80::/10",      "ff00::/8"};

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

void check_pod_cidr(const Prefix& cidr) {
    const auto complain = [&](const std::string& reason) {
        throw Error(Status::Invalid, "pod CIDR " + cidr.text() + " of the node's object " + reason +
                                         "; remedy: correct the cluster's pod CIDR");
    };
    const unsigned least = cidr.is_v4() ? kLeastV4 : kLeastV6;
    if (cidr.length() < least) {
        complain("is larger than a /" + std::to_string(least));
    }
    for (const auto* special : kNoPods) {
        if (cidr.overlaps(Prefix::parse(special).value())) {
            complain("overlaps " + std::string(special) + ", whose addresses are not for pods");
        }
    }
}

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
    std::for_each(cidrs.begin(), cidrs.end(), check_pod_cidr);
    remember(store, cidrs);
    return cidrs;
}

}  // namespace terway::daemon
