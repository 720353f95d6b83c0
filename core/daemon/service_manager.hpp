// What terwayd and whoever started it tell each other: signals there, systemd's notifications here.
#pragma once

#include <string>

namespace terway::daemon {

// Before any thread begins: SIGTERM and SIGINT wait until somebody asks for them, and nobody dies
// of a closed pipe.
void hold_signals();
// Whether SIGTERM or SIGINT waits already; it is taken then.
[[nodiscard]] bool signal_came();
// Until SIGTERM or SIGINT comes.
void wait_for_signal();

// The notification protocol of systemd (sd_notify(3)): one datagram, as "READY=1", if the
// environment has NOTIFY_SOCKET. Nothing fails if nobody listens.
void notify_systemd(const std::string& state);

}  // namespace terway::daemon
