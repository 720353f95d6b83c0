#include "deviced/runtime.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <random>
#include <thread>

#include "base/log.hpp"
#include "deviced/daemon_watch.hpp"
#include "deviced/device_book.hpp"
#include "deviced/directory_watch.hpp"
#include "deviced/endpoint.hpp"
#include "deviced/kubelet.hpp"
#include "deviced/steering.hpp"
#include "terway/error.hpp"

namespace terway::deviced {
namespace {

using std::chrono::seconds;
using Step = Steering::Step;

constexpr seconds kRegisterTime{5};
constexpr seconds kLook{1};  // however quiet it is

Fd signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) {
        throw system_error("signalfd", errno);
    }
    return fd;
}

Fd make_nudge() {
    Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd) {
        throw system_error("eventfd", errno);
    }
    return fd;
}

std::function<double()> dice() {
    return [engine = std::minstd_rand(std::random_device{}())]() mutable {
        return std::uniform_real_distribution<double>(0, 1)(engine);
    };
}

class Runtime {
public:
    explicit Runtime(const Options& options)
        : options_(options),
          kubelet_socket_(options.kubelet_dir + "/kubelet.sock"),
          book_(options.patience),
          endpoint_(options.kubelet_dir + "/" + options.endpoint, book_),
          watch_(options.kubelet_dir),
          steering_(dice()),
          daemon_({options.daemon_socket, options.poll}, book_,
                  [this] { (void)::eventfd_write(nudge_.get(), 1); }) {}

    void run() {
        const std::jthread daemon([this](const std::stop_token& stop) { daemon_.run(stop); });
        do {
            watch_.renew();
            act();
        } while (!rest());
    }

private:
    // Until something may have changed. True when it is time to go.
    bool rest() {
        std::array<pollfd, 3> wait{
            {{watch_.fd(), POLLIN, 0}, {nudge_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
        const auto wake = std::min(steering_.wake(), after(kLook));
        (void)::poll(wait.data(), wait.size(), static_cast<int>(left(wake).count()));
        eventfd_t count = 0;
        (void)::eventfd_read(nudge_.get(), &count);
        signalfd_siginfo signal{};
        if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) {
            return false;
        }
        log::info("stopping", {{"signal", strsignal(static_cast<int>(signal.ssi_signo))}});
        return true;
    }

    void act() {
        for (bool acted = true; acted;) {
            const Steering::Sight sight{book_.has_devices(), endpoint_.in_place(),
                                        socket_at(kubelet_socket_), endpoint_.has_listener()};
            const auto step = steering_.next(sight, Clock::now());
            try {
                acted = take(step, sight);
            } catch (const Error& error) {
                acted = false;
                fail(step, error);
            }
        }
    }

    // False if there is nothing to do.
    bool take(Step step, const Steering::Sight& sight) {
        if (step == Step::Serve) {
            endpoint_.serve();
            steering_.served();
        } else if (step == Step::Register) {
            register_with(kubelet_socket_, {options_.endpoint, options_.resource},
                          after(kRegisterTime));
            steering_.registered(*sight.kubelet, Clock::now());
            log::info("registered with the kubelet", {{"resource", options_.resource}});
        }
        return step != Step::Wait;
    }

    void fail(Step step, const Error& error) {
        const auto pause = steering_.failed(Clock::now());
        log::warning(step == Step::Serve ? "cannot serve" : "cannot register with the kubelet",
                     {{"reason", error.what()}, {"retry_ms", pause.count()}});
    }

    const Options options_;
    const std::string kubelet_socket_;
    const Fd signals_ = signals();
    const Fd nudge_ = make_nudge();
    DeviceBook book_;
    Endpoint endpoint_;
    DirectoryWatch watch_;
    Steering steering_;
    DaemonWatch daemon_;
};

}  // namespace

void run(const Options& options) {
    log::info("starting", {{"version", TERWAY_VERSION},
                           {"resource", options.resource},
                           {"kubelet_dir", options.kubelet_dir}});
    Runtime(options).run();
    log::info("stopped");
}

}  // namespace terway::deviced
