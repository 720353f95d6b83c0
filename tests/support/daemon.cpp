#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>

#include "base/file.hpp"
#include "node.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

Fd open_log(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
    if (!fd) {
        throw system_error(path, errno);
    }
    return fd;
}

}  // namespace

Daemon::Daemon(const Command& command, const std::string& log_file, Fd notify)
    : log_(open_log(log_file)),
      notify_(std::move(notify)),
      process_(command, log_.get(), log_.get()) {}

bool Daemon::serves(std::chrono::milliseconds limit) const {
    const auto deadline = after(limit);
    while (Clock::now() < deadline) {
        std::array<pollfd, 2> wait{
            {{notify_.get(), POLLIN, 0}, {process_.pidfd(), POLLIN, 0}}};
        (void)::poll(wait.data(), wait.size(), static_cast<int>(left(deadline).count()));
        std::array<char, 256> text{};
        const auto size = ::recv(notify_.get(), text.data(), text.size(), MSG_DONTWAIT);
        if (size > 0 && std::string(text.data(), static_cast<std::size_t>(size)) == "READY=1") {
            return true;
        }
        if (wait[1].revents != 0) {
            return false;
        }
    }
    return false;
}

ExitCode Daemon::stop() {
    process_.signal(SIGTERM);
    const auto exit = wait();
    if (!exit) {
        throw Error(Status::Internal, "terwayd does not end on SIGTERM: " + log());
    }
    return *exit;
}

void Daemon::kill() {
    process_.signal(SIGKILL);
    (void)wait();
}

std::optional<ExitCode> Daemon::wait(std::chrono::milliseconds limit) {
    return process_.wait(after(limit));
}

std::string Daemon::log() const {
    std::string all;
    std::array<char, 65536> chunk{};
    ssize_t got = 0;
    while ((got = ::pread(log_.get(), chunk.data(), chunk.size(),
                          static_cast<off_t>(all.size()))) > 0) {
        all.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return all;
}

bool Daemon::logged(const std::string& text) const {
    return log().find(text) != std::string::npos;
}

}  // namespace terway::test
