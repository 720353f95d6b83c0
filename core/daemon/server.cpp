#include "daemon/server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "cni/failure.hpp"
#include "cni/version.hpp"

namespace terway::daemon {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFrameTime{
    5'000};  // for the client to send its request, and to take the answer
constexpr int kBacklog = 512;

std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        throw Error(Status::Invalid, "socket " + path + ": the path is longer than " +
                                         std::to_string(sizeof address.sun_path - 1) + " bytes");
    }
    path.copy(address.sun_path, path.size());
    return address;
}

Fd stream_socket(int flags) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!fd) {
        throw system_error("open a unix socket", errno);
    }
    return fd;
}

Fd bind_socket(const std::string& path) {
    const auto directory = directory_of(path);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
        throw system_error("make directory " + directory, errno);
    }
    const auto address = address_of(path);
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);
    {
        const Fd probe = stream_socket(0);
        if (::connect(probe.get(), raw, sizeof address) == 0) {
            throw Error(Status::Invalid, "socket " + path + ": another daemon listens there");
        }
    }
    ::unlink(path.c_str());
    Fd fd = stream_socket(SOCK_NONBLOCK);
    if (::bind(fd.get(), raw, sizeof address) != 0 || ::chmod(path.c_str(), 0600) != 0) {
        throw system_error("socket " + path, errno);
    }
    return fd;
}

std::string new_request_id() {
    static std::atomic<std::uint32_t> counter{
        static_cast<std::uint32_t>(std::chrono::steady_clock::now().time_since_epoch().count())};
    // Weyl sequence: distinct for 2^32 requests, and neighbours look different.
    std::array<char, 9> text{};
    std::snprintf(text.data(), text.size(), "%08x", counter.fetch_add(0x9e3779b9U));
    return text.data();
}

cni::Reply failure(const Error& error, std::string_view config) {
    const auto version = cni::version_for_answer(config);
    return cni::Reply::failure(cni::ErrorResult::from(error, version.text()));
}

}  // namespace

// One connection; the first answer counts, whoever gives it.
struct Server::Client {
    explicit Client(Fd stream) : connection(std::move(stream)) {}

    void reply(cni::FrameKind kind, const std::string& payload) {
        if (answered.exchange(true)) {
            return;
        }
        try {
            connection.send({kind, payload}, after(kFrameTime));
        } catch (const Error& error) {
            log::info("the caller did not take the answer", {{"reason", error.what()}});
        }
    }

    cni::Connection connection;
    std::atomic<bool> answered{false};
};

Server::Server(Options options, Handlers handlers, Metrics& metrics)
    : options_(std::move(options)),
      handlers_(std::move(handlers)),
      metrics_(metrics),
      listener_(bind_socket(options_.path)) {}

Server::~Server() {
    ::unlink(options_.path.c_str());
}

void Server::listen() {
    if (::listen(listener_.get(), kBacklog) != 0) {
        throw system_error("listen on socket " + options_.path, errno);
    }
}

bool Server::serve(const std::stop_token& stop, milliseconds patience) {
    const Fd wake(::eventfd(0, EFD_CLOEXEC));
    const std::stop_callback on_stop(stop, [&wake] { (void)::eventfd_write(wake.get(), 1); });
    while (!stop.stop_requested()) {
        std::array<pollfd, 2> wait{{{listener_.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}}};
        if (::poll(wait.data(), wait.size(), -1) > 0 && (wait[0].revents & POLLIN) != 0) {
            accept_one();
        }
    }
    listener_.reset();
    stop_requests_.request_stop();
    const MutexLock lock(mutex_);
    return idle_.wait(mutex_, {}, after(patience),
                      [this]() TERWAY_REQUIRES(mutex_) { return in_flight_ == 0; });
}

void Server::accept_one() {
    Fd stream(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!stream) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
            log::error("cannot accept a request", {{"reason", std::strerror(errno)}});
            std::this_thread::sleep_for(milliseconds(10));  // nothing else to wait for
        }
        return;
    }
    auto client = std::make_shared<Client>(std::move(stream));
    {
        const MutexLock lock(mutex_);
        if (in_flight_ >= options_.max_requests) {
            metrics_.counter("terway_requests_refused_total", "Requests above max_requests")
                .increment();
            // Not read, so the version asked for is unknown.
            client->reply(cni::FrameKind::CniReply,
                          cni::encode_reply(failure(
                              Error(Status::Retry, "too many requests are in flight"), "")));
            return;
        }
        ++in_flight_;
    }
    try {
        std::thread([this, client] {
            pthread_setname_np(pthread_self(), "request");
            answer(client);
            finished();
        }).detach();
    } catch (const std::system_error& error) {
        log::error("cannot start a thread", {{"reason", error.what()}});
        finished();
    }
}

void Server::finished() {
    const MutexLock lock(mutex_);
    --in_flight_;
    idle_.notify_all();
}

void Server::answer(const std::shared_ptr<Client>& client) {
    const log::Scope scope({{"req", new_request_id()}});
    try {
        if (const auto peer = client->connection.peer(); peer.uid != 0) {
            log::warning("a caller that is not root was turned away", {{"uid", peer.uid}});
            return;
        }
        auto request = client->connection.receive(after(kFrameTime));
        if (request.frame.kind == cni::FrameKind::CniRequest) {
            answer_cni(client, std::move(request));
        } else if (request.frame.kind == cni::FrameKind::CtlRequest) {
            answer_ctl(client, request);
        } else {
            log::warning("a frame that is no request was dropped");
        }
    } catch (const std::exception& error) {
        log::warning("a request could not be read", {{"reason", error.what()}});
    }
}

void Server::answer_cni(const std::shared_ptr<Client>& client, cni::Received request) {
    const auto invocation = cni::decode_invocation(request.frame.payload);
    const endpoint::Operation operation{
        after(options_.request_deadline), stop_requests_.get_token(),
        [client, config = invocation.config](const Error& error) {
            client->reply(cni::FrameKind::CniReply, cni::encode_reply(failure(error, config)));
        }};
    cni::Reply reply;
    try {
        reply = handlers_.cni(invocation, std::move(request.fd), operation);
    } catch (const Error& error) {
        reply = failure(error, invocation.config);
    } catch (const std::exception& error) {
        reply = failure(Error(Status::Internal, error.what()), invocation.config);
    }
    client->reply(cni::FrameKind::CniReply, cni::encode_reply(reply));
}

void Server::answer_ctl(const std::shared_ptr<Client>& client, const cni::Received& request) {
    const endpoint::Operation operation{
        after(options_.request_deadline), stop_requests_.get_token(), [client](const Error& error) {
            client->reply(cni::FrameKind::CtlReply, cni::encode_ctl_reply({"null", error}));
        }};
    cni::CtlReply reply;
    try {
        reply.result = handlers_.ctl(request.frame.payload, operation);
    } catch (const Error& error) {
        reply.error = error;
    } catch (const std::exception& error) {
        reply.error = Error(Status::Internal, error.what());
    }
    client->reply(cni::FrameKind::CtlReply, cni::encode_ctl_reply(reply));
}

}  // namespace terway::daemon
