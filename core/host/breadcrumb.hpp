// Which module was at work when the process crashed, and whether it keeps happening.
//
// Each crash appends one line to a file: "<unix seconds> <signal> <module> <verb> <key>", the last
// three "-" when no module was at work on the crashing thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace terway::host {

// Marks this thread as being inside a module's verb; one at a time. Text is shortened and cleaned
// so that it stays one line of five words.
class BreadcrumbScope {
public:
    BreadcrumbScope(std::string_view module, std::string_view verb, std::string_view key) noexcept;
    ~BreadcrumbScope();
    BreadcrumbScope(const BreadcrumbScope&) = delete;
    BreadcrumbScope& operator=(const BreadcrumbScope&) = delete;
};

// On SIGSEGV, SIGBUS, SIGABRT, SIGFPE and SIGILL: writes the crashing thread's breadcrumb to
// standard error and to `file` (duplicated; -1 for none), then lets the signal take its default
// course. Once for each process; calling it again changes the file. Throws Error.
void install_crash_handler(int file);

// The crash file, read back at the next start.
class Breadcrumbs {
public:
    static constexpr int kRepeats = 3;
    static constexpr std::chrono::hours kMemory{1};

    // None: nothing is ever an offence.
    Breadcrumbs() = default;
    // Reads `path`, creating it if missing, and cuts it down to its last lines when it has grown.
    // `now` decides which crashes still count: the last hour's. Throws Error.
    [[nodiscard]] static Breadcrumbs open(
        const std::string& path,
        std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

    // Append-only; for install_crash_handler.
    [[nodiscard]] int fd() const noexcept { return file_.get(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    // True if the last three crashes running happened in this verb of this module on this key.
    [[nodiscard]] bool repeats(std::string_view module, std::string_view verb,
                               std::string_view key) const;

private:
    std::string path_;
    Fd file_;
    std::optional<std::string> offender_;  // "module verb key" as written to the file
};

}  // namespace terway::host
