#include "denied_log.hpp"

namespace terway::felix {
namespace {

constexpr std::chrono::seconds kWindow{1};

}  // namespace

void DeniedLog::add(const std::string& line, Deadline now) {
    if (!is_on()) {
        return;
    }
    tick(now);
    if (written_ == kMostASecond) {
        ++left_out_;
        return;
    }
    if (written_++ == 0) {
        since_ = now;
    }
    write_("denied: " + line);
}

void DeniedLog::tick(Deadline now) {
    if (written_ != 0 && now < since_ + kWindow) {
        return;
    }
    if (left_out_ != 0) {
        write_("denied: " + std::to_string(left_out_) + " more packets, left out here");
    }
    written_ = 0;
    left_out_ = 0;
}

}  // namespace terway::felix
