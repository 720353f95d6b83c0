#include "host/breadcrumb.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::host {
namespace {

constexpr std::string_view kNoModule = "- - -";
constexpr std::size_t kMaxWord = 128;
constexpr std::size_t kMaxFile = 64U << 10U;
constexpr std::size_t kKeptOfFile = 8U << 10U;

// What the signal handler reads: no allocation, no lock, its own thread's memory.
struct Slot {
    std::array<char, 3 * kMaxWord + 3> text{};
    // 0 while the text is being written or when there is none.
    std::atomic<std::size_t> size{0};
};
thread_local Slot slot;
std::atomic<int> crash_file{-1};

// One word without spaces; keys come from the container runtime and may hold anything.
std::size_t put_word(char* out, std::string_view word) noexcept {
    if (word.empty()) {
        *out = '-';
        return 1;
    }
    const std::size_t size = std::min(word.size(), kMaxWord);
    std::transform(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(size), out,
                   [](char c) { return c > ' ' && c < 0x7f ? c : '?'; });
    return size;
}

std::size_t put_words(char* out, std::string_view module, std::string_view verb,
                      std::string_view key) noexcept {
    std::size_t size = put_word(out, module);
    out[size++] = ' ';
    size += put_word(out + size, verb);
    out[size++] = ' ';
    size += put_word(out + size, key);
    return size;
}

// A line under construction without allocation; what does not fit is dropped.
class Line {
public:
    void text(std::string_view more) noexcept {
        const std::size_t fits = std::min(more.size(), buffer_.size() - size_);
        std::copy_n(more.begin(), fits, buffer_.begin() + size_);
        size_ += fits;
    }
    void number(long long value) noexcept {
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
        text({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    [[nodiscard]] std::string_view view() const noexcept { return {buffer_.data(), size_}; }

private:
    std::array<char, 512> buffer_{};
    std::size_t size_ = 0;
};

void write_quietly(int fd, std::string_view text) noexcept {
    // Nothing can be done about a failure in a crash.
    [[maybe_unused]] const auto put = ::write(fd, text.data(), text.size());
}

extern "C" void on_crash(int signal) {
    const int saved_errno = errno;
    static constexpr std::string_view kPrefix = "terway: crashed: ";
    timespec now{};
    static_cast<void>(::clock_gettime(CLOCK_REALTIME, &now));
    const std::size_t size = slot.size.load(std::memory_order_relaxed);
    Line line;
    line.text(kPrefix);
    line.number(now.tv_sec);
    line.text(" ");
    line.number(signal);
    line.text(" ");
    line.text(size == 0 ? kNoModule : std::string_view(slot.text.data(), size));
    line.text("\n");
    write_quietly(STDERR_FILENO, line.view());
    if (const int file = crash_file.load(std::memory_order_relaxed); file >= 0) {
        write_quietly(file, line.view().substr(kPrefix.size()));
    }
    errno = saved_errno;
    // The default action is back in place (SA_RESETHAND); this takes effect once we return.
    static_cast<void>(::raise(signal));
}

struct Crash {
    std::chrono::system_clock::time_point when;
    std::string words;  // "module verb key"
};

std::optional<Crash> parse_crash(std::string_view line) {
    const auto first = line.find(' ');
    const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    std::int64_t seconds = 0;
    if (second == std::string_view::npos ||
        std::from_chars(line.data(), line.data() + first, seconds).ptr != line.data() + first) {
        return std::nullopt;
    }
    return Crash{std::chrono::system_clock::time_point(std::chrono::seconds(seconds)),
                 std::string(line.substr(second + 1))};
}

std::vector<Crash> parse_crashes(std::string_view text) {
    std::vector<Crash> crashes;
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (auto crash = parse_crash(text.substr(0, end))) {
            crashes.push_back(std::move(*crash));
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return crashes;
}

std::optional<std::string> find_offender(const std::vector<Crash>& crashes,
                                         std::chrono::system_clock::time_point now) {
    if (crashes.size() < Breadcrumbs::kRepeats || crashes.back().words == kNoModule) {
        return std::nullopt;
    }
    const auto& last = crashes.back();
    const bool repeated =
        std::all_of(crashes.end() - Breadcrumbs::kRepeats, crashes.end(), [&](const Crash& crash) {
            return crash.words == last.words && now - crash.when <= Breadcrumbs::kMemory;
        });
    return repeated ? std::optional(last.words) : std::nullopt;
}

void cut_down(int fd, const std::string& path, std::string& text) {
    text.erase(0, text.size() - kKeptOfFile);
    text.erase(0, text.find('\n') + 1);
    if (::ftruncate(fd, 0) != 0) {
        throw system_error(path, errno);
    }
    write_all(fd, path, text);
}

}  // namespace

BreadcrumbScope::BreadcrumbScope(std::string_view module, std::string_view verb,
                                 std::string_view key) noexcept {
    const std::size_t size = put_words(slot.text.data(), module, verb, key);
    std::atomic_signal_fence(std::memory_order_release);
    slot.size.store(size, std::memory_order_relaxed);
}

BreadcrumbScope::~BreadcrumbScope() {
    slot.size.store(0, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_release);
}

void install_crash_handler(int file) {
    // Never closed, for a crash may come until the very end.
    const int duplicate = file < 0 ? -1 : ::fcntl(file, F_DUPFD_CLOEXEC, 3);
    if (duplicate < 0 && file >= 0) {
        throw system_error("keep the crash file open", errno);
    }
    Fd(crash_file.exchange(duplicate)).reset();
    struct sigaction action {};
    action.sa_handler = on_crash;
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) {
        if (::sigaction(signal, &action, nullptr) != 0) {
            throw system_error("install the crash handler", errno);
        }
    }
}

Breadcrumbs Breadcrumbs::open(const std::string& path, std::chrono::system_clock::time_point now) {
    Breadcrumbs breadcrumbs;
    breadcrumbs.path_ = path;
    breadcrumbs.file_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!breadcrumbs.file_) {
        throw system_error(path, errno);
    }
    std::string text = read_all(breadcrumbs.file_.get(), path);
    if (text.size() > kMaxFile) {
        cut_down(breadcrumbs.file_.get(), path, text);
    }
    breadcrumbs.offender_ = find_offender(parse_crashes(text), now);
    return breadcrumbs;
}

bool Breadcrumbs::repeats(std::string_view module, std::string_view verb,
                          std::string_view key) const {
    if (!offender_) {
        return false;
    }
    std::array<char, 3 * kMaxWord + 3> words{};
    const std::size_t size = put_words(words.data(), module, verb, key);
    return *offender_ == std::string_view(words.data(), size);
}

}  // namespace terway::host
