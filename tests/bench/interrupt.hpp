// Ctrl-C and friends, as an exception at the next step: so every namespace, directory and process
// is left by its owner's destructor.
#pragma once

#include <stdexcept>

namespace terway::bench {

class Interrupted : public std::runtime_error {
public:
    Interrupted() : std::runtime_error("interrupted") {}
};

// From now on SIGINT, SIGTERM and SIGHUP only raise a flag. System calls return EINTR.
void catch_interrupts();
// Throws Interrupted if the flag is up. The main thread's.
void check_interrupted();

}  // namespace terway::bench
