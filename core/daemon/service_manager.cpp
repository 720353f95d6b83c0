#include "daemon/service_manager.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/fd.hpp"
#include "base/log.hpp"

namespace terway::daemon {
namespace {

sigset_t ending_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

}  // namespace

void hold_signals() {
    const auto set = ending_signals();
    sigprocmask(SIG_BLOCK, &set, nullptr);
    (void)::signal(SIGPIPE, SIG_IGN);
}

bool signal_came() {
    const auto set = ending_signals();
    const timespec now{};
    return ::sigtimedwait(&set, nullptr, &now) > 0;
}

void wait_for_signal() {
    const auto set = ending_signals();
    int got = 0;
    sigwait(&set, &got);
    log::info("stopping", {{"signal", strsignal(got)}});
}

void notify_systemd(const std::string& state) {
    const char* where = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (where == nullptr || std::string(where).size() >= sizeof address.sun_path) {
        return;
    }
    const std::string path(where);
    path.copy(address.sun_path, path.size());
    if (path.front() == '@') {
        address.sun_path[0] = '\0';
    }
    const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    (void)::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace terway::daemon
