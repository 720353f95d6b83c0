#include "external.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "http_get.hpp"
#include "table.hpp"
#include "terway/error.hpp"

namespace terway::felix {
namespace {

constexpr std::chrono::milliseconds kAnswerTime{1'000};
constexpr std::chrono::milliseconds kFresh{500};
constexpr std::chrono::seconds kPause{2};

// The errno if it cannot be found.
int missing(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? 0 : errno;
}

void refuse_without_link(const sdk::EndpointView& endpoint, const twy_attachment& made) {
    if (made.host_ifindex == 0) {
        throw Error(Status::Unsupported,
                    "backend = \"external\": calico-felix cannot enforce policies for " +
                        std::string(endpoint.pod_name()) +
                        ", whose dataplane has no link on the host: use backend = \"nftables\"");
    }
}

std::string unknown_to_felix(const sdk::EndpointView& endpoint) {
    return why_unknown_to_felix(endpoint.pod_namespace(), endpoint.pod_name(), endpoint.ifname(),
                                endpoint.host_ifname());
}

}  // namespace

External::External(const Options& options, const sdk::Log& log) : options_(options), log_(log) {}

void External::attach(const sdk::EndpointView& endpoint, const twy_attachment& made) {
    refuse_without_link(endpoint, made);
    if (const auto why = unknown_to_felix(endpoint); !why.empty()) {
        throw Error(Status::Invalid, why);
    }
}

void External::adopt(const sdk::EndpointView& endpoint, const twy_attachment& made) {
    refuse_without_link(endpoint, made);
}

void External::check(const sdk::EndpointView& endpoint) {
    if (const auto why = unknown_to_felix(endpoint); !why.empty()) {
        throw Error(Status::Invalid, why);
    }
    if (const auto& why = why_not_alive(); !why.empty()) {
        throw Error(Status::Retry, why);
    }
    if (!is_table_gone_) {
        throw Error(Status::Retry, "nftables table inet terway-policy is still to be removed");
    }
    if (options_.status_dir.empty()) {
        return;
    }
    const auto file =
        options_.status_dir + "/" + status_file(endpoint.pod_namespace(), endpoint.pod_name());
    if (missing(file) != 0) {
        throw Error(Status::Retry, "calico-felix does not tell of the pod: there is no " + file);
    }
}

twy_policy_counters External::observe(const sdk::EndpointView& /*endpoint*/) {
    return sdk::sized<twy_policy_counters>();
}

std::shared_ptr<Tracer> External::tracer() {
    throw Error(Status::Unsupported,
                "calico-felix enforces policies and does not tell its verdicts");
}

void External::purge() {
    Table(Place{}, netlink::Socket(NETLINK_NETFILTER)).purge();
}

std::optional<Deadline> External::sweep(Deadline now) {
    if (!is_table_gone_ && why_not_alive().empty()) {
        purge();
        is_table_gone_ = true;
    }
    return is_table_gone_ ? std::nullopt : std::optional(now + kPause);
}

const std::string& External::why_not_alive() {
    if (const auto now = Clock::now(); asked_ == Deadline{} || now - asked_ > kFresh) {
        auto found = ask();
        asked_ = Clock::now();
        if (found.empty() && !trouble_.empty()) {
            log_.info("calico-felix is ready");
        } else if (!found.empty() && trouble_.empty()) {
            log_.warning(found);
        }
        trouble_ = std::move(found);
    }
    return trouble_;
}

std::string External::ask() const {
    if (options_.health) {
        const auto where = "http://" + options_.health->host + options_.health->path;
        try {
            const auto why = why_not_ready(http_get(*options_.health, kAnswerTime));
            return why.empty() ? "" : "calico-felix is not ready at " + where + ": " + why;
        } catch (const Error& error) {
            return "calico-felix does not answer at " + where + ": " + error.what();
        }
    }
    const int why = missing(options_.status_dir);
    return why == 0 ? ""
                    : "calico-felix has made no " + options_.status_dir + ": " +
                          std::strerror(why);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace terway::felix
