#include "kube/token.hpp"

#include <sys/stat.h>

#include <utility>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::kube {
namespace {

constexpr std::chrono::minutes kFresh{1};
constexpr std::size_t kLongestToken = 64U << 10U;

std::string trimmed(std::string text) {
    const auto last = text.find_last_not_of(" \r\n\t");
    text.resize(last == std::string::npos ? 0 : last + 1);
    return text;
}

}  // namespace

Token::Token(std::string text, std::string file) : text_(std::move(text)), file_(std::move(file)) {}

std::optional<Token::Stamp> Token::stamp_of(const std::string& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        return std::nullopt;
    }
    return Stamp{status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
                 status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

std::string Token::read() const {
    auto text = trimmed(
        with_context("token file", [&] { return read_regular_file(file_, kLongestToken); }));
    if (text.empty()) {
        throw Error(Status::Retry, "token file " + file_ + " is empty");
    }
    return text;
}

std::string Token::get() {
    if (file_.empty()) {
        return text_;
    }
    std::optional<Reading> last;
    {
        const MutexLock lock(mutex_);
        last = reading_;
    }
    const auto stamp = stamp_of(file_);
    if (last && stamp == last->stamp && Clock::now() < last->stale) {
        return last->text;
    }
    try {
        Reading reading{stamp.value_or(Stamp{}), after(kFresh), read()};
        const MutexLock lock(mutex_);
        reading_ = reading;
        return reading.text;
    } catch (const Error&) {
        if (last) {
            return last->text;
        }
        throw;
    }
}

void Token::renew() {
    const MutexLock lock(mutex_);
    if (reading_) {
        reading_->stale = Deadline::min();
    }
}

}  // namespace terway::kube
