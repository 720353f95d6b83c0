#include "workshop.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "terway/error.hpp"

namespace terway::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "terway-test.";

bool is_orphan(const std::string& name) {
    const std::string prefix(kPrefix);
    if (!name.starts_with(prefix)) {
        return false;
    }
    int pid = 0;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), pid);
    return pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
}

bool remove_orphans() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/tmp", error)) {
        if (is_orphan(entry.path().filename())) {
            fs::remove_all(entry.path(), error);
        }
    }
    return true;
}

}  // namespace

Workshop::Workshop() {
    [[maybe_unused]] static const bool kSwept = remove_orphans();
    path_ = std::string("/tmp/") + kPrefix + std::to_string(::getpid()) + ".XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) {
        throw system_error(path_, errno);
    }
}

Workshop::~Workshop() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace terway::test
