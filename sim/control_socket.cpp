#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/file.hpp"
#include "sim/control.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;
constexpr std::size_t kLargest = 64U << 20U;

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        throw Error(Status::Invalid, "socket " + path + ": the path is too long");
    }
    std::copy(path.begin(), path.end(), address.sun_path);
    return address;
}

Fd unix_socket() {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) {
        throw system_error("make a unix socket", errno);
    }
    return fd;
}

}  // namespace

ControlServer::ControlServer(const std::string& path, Handler handler)
    : path_(path),
      handler_(std::move(handler)),
      socket_(unix_socket()),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
    const sockaddr_un address = address_of(path);
    (void)::unlink(path.c_str());
    constexpr int kQueue = 16;
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(socket_.get(), kQueue) != 0) {
        throw system_error("listen on " + path, errno);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

ControlServer::~ControlServer() {
    thread_.request_stop();
    const std::uint64_t one = 1;
    (void)::write(wake_.get(), &one, sizeof(one));
    thread_.join();
    (void)::unlink(path_.c_str());
}

void ControlServer::run(const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "sim-control");
    while (!stop.stop_requested()) {
        std::array<pollfd, 2> wanted{{{socket_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
        if (::poll(wanted.data(), wanted.size(), -1) < 1 || (wanted[0].revents & POLLIN) == 0) {
            continue;
        }
        const Fd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (connection.get() >= 0) {
            serve(connection.get());
        }
    }
}

void ControlServer::serve(int connection) {
    try {
        const timeval limit{5, 0};
        (void)::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        (void)::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        const auto words = json::value_to<Words>(json::parse(read_all(connection, "a command")));
        const Reply reply = handler_(words);
        write_all(connection, "an answer",
                  json::serialize(json::object{{"ok", reply.ok}, {"text", reply.text}}));
    } catch (const std::exception&) {
        // The asker is gone or speaks something else; there is nobody to tell.
    }
}

Reply ask(const std::string& path, const Words& command) {
    const Fd fd = unix_socket();
    const sockaddr_un address = address_of(path);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        throw Error(Status::Gone, "simulation at " + path + ": does not answer; is it running?",
                    errno);
    }
    write_all(fd.get(), path, json::serialize(json::value_from(command)));
    (void)::shutdown(fd.get(), SHUT_WR);
    const auto answer = json::parse(read_all(fd.get(), path, kLargest));
    return {answer.at("ok").as_bool(), json::value_to<std::string>(answer.at("text"))};
}

}  // namespace terway::sim
