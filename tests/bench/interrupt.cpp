#include "interrupt.hpp"

#include <signal.h>

#include <csignal>

namespace terway::bench {
namespace {

volatile std::sig_atomic_t raised = 0;

extern "C" void on_signal(int /*signal*/) {
    raised = 1;
}

}  // namespace

void catch_interrupts() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaction(signal, &action, nullptr);
    }
    ::signal(SIGPIPE, SIG_IGN);
}

void check_interrupted() {
    if (raised != 0) {
        throw Interrupted();
    }
}

}  // namespace terway::bench
