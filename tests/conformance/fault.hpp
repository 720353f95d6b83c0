// Failures of the kernel's configuration interface, made on purpose: this program defines sendmsg
// and its kin, so that every netlink request of the module under test passes through it first.
//
// Out of reach: modules that call the kernel without the C library or bring a statically linked
// one, and requests of programs they start.
#pragma once

#include <string>

namespace terway::conformance::fault {

enum class Mode {
    NotSent,  // the request fails with ENOBUFS and the kernel never sees it
    AckLost,  // the kernel carries it out, but its answer is lost: the next receive is ENOBUFS
};

// Counts the requests of the whole process from now on and strikes the `nth`, 1 being the first.
void arm(Mode mode, unsigned nth);

struct Report {
    unsigned requests = 0;
    bool struck = false;
    std::string request;  // the one struck, e.g. "RTM_NEWROUTE"
};
Report disarm();

// While one lives, the calling thread's requests are the tool's own: neither counted nor struck.
class Own {
public:
    Own() noexcept;
    ~Own();
    Own(const Own&) = delete;
    Own& operator=(const Own&) = delete;
};

}  // namespace terway::conformance::fault
