#include "deviced/daemon_watch.hpp"

#include <pthread.h>

#include "base/log.hpp"
#include "cni/control.hpp"
#include "terway/error.hpp"

namespace terway::deviced {
namespace {

using std::chrono::seconds;

constexpr seconds kConnectTime{1};
constexpr seconds kAnswerTime{3};

}  // namespace

void DaemonWatch::run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "daemon");
    Mutex mutex;
    Condition pause;
    while (!stop.stop_requested()) {
        look();
        const MutexLock lock(mutex);
        (void)pause.wait(mutex, stop, after(options_.period), [] { return false; });
    }
}

void DaemonWatch::look() {
    const auto supply = ask();
    const auto counts = book_.hear(supply, Clock::now());
    if (!counts) {
        return;
    }
    if (supply) {
        log::info("devices changed", {{"healthy", counts->healthy}, {"of", counts->total}});
    } else {
        log::warning("the daemon has been silent for too long: all devices are unhealthy",
                     {{"devices", counts->total}});
    }
    changed_();
}

std::optional<Supply> DaemonWatch::ask() {
    try {
        const auto supply = read_supply(
            cni::ask_daemon(options_.socket, "pool", after(kConnectTime), after(kAnswerTime)));
        note(!supply                 ? "the daemon does not know yet how many ENIs there can be"
             : supply->capacity == 0 ? "the daemon's profile gives no pod an ENI of its own"
                                     : "");
        return supply;
    } catch (const Error& error) {
        note(error.what());
        return std::nullopt;
    }
}

void DaemonWatch::note(const std::string& trouble) {
    if (trouble == trouble_) {
        return;
    }
    trouble_ = trouble;
    if (trouble.empty()) {
        log::info("the daemon says how many ENIs there can be", {{"socket", options_.socket}});
    } else {
        log::warning("no number of ENIs from the daemon",
                     {{"socket", options_.socket}, {"reason", trouble}});
    }
}

}  // namespace terway::deviced
