#include "daemon/server.hpp"

#include <pthread.h>
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
    5'000};                           // for the client to send its request, and to take the answer
constexpr milliseconds kGlance{250};  // how often to see whether anybody still listens
constexpr int kBacklog = 512;
constexpr std::size_t kIdleThreads = 4;

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

Fd stream_socket() {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
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
        const Fd probe = stream_socket();
        if (::connect(probe.get(), raw, sizeof address) == 0) {
            throw Error(Status::Invalid, "socket " + path + ": another daemon listens there");
        }
    }
    ::unlink(path.c_str());
    Fd fd = stream_socket();
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
    (void)std::snprintf(text.data(), text.size(), "%08x", counter.fetch_add(0x9e3779b9U));
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
    start_thread();
    {
        const MutexLock lock(mutex_);
        (void)ended_.wait(mutex_, stop, Deadline::max(), [] { return false; });
    }
    stop_requests_.request_stop();
    // Wakes those that wait for a connection, and turns away who knocks; then who knocked already.
    (void)::shutdown(listener_.get(), SHUT_RDWR);
    while (Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC))) {
    }
    const MutexLock lock(mutex_);
    return ended_.wait(mutex_, {}, after(patience),
                       [this]() TERWAY_REQUIRES(mutex_) { return threads_ == 0; });
}

void Server::start_thread() {
    {
        const MutexLock lock(mutex_);
        ++threads_;
        ++idle_;
    }
    try {
        std::thread([this] { work(); }).detach();
    } catch (const std::system_error& error) {
        const MutexLock lock(mutex_);
        --threads_;
        --idle_;
        throw system_error("start a thread for requests", error.code().value());
    }
}

void Server::work() {
    pthread_setname_np(pthread_self(), "request");
    while (serve_one()) {
    }
    const MutexLock lock(mutex_);
    --threads_;
    ended_.notify_all();
}

bool Server::serve_one() {
    Fd stream(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const int error = errno;
    if (stop_requests_.stop_requested()) {
        return false;
    }
    if (!stream) {
        if (error == EMFILE || error == ENFILE || error == ENOMEM) {
            log::error("cannot accept a request", {{"reason", std::strerror(error)}});
            std::this_thread::sleep_for(milliseconds(10));  // nothing else to wait for
        }
        return true;
    }
    if (!admit()) {
        refuse(std::move(stream));
        return true;
    }
    answer(std::make_shared<Client>(std::move(stream)));
    return stay();
}

// Counts the request and leaves somebody behind who accepts the next.
bool Server::admit() {
    bool last = false;
    {
        const MutexLock lock(mutex_);
        if (in_flight_ >= options_.max_requests) {
            return false;
        }
        ++in_flight_;
        last = --idle_ == 0;
    }
    if (last) {
        try {
            start_thread();
        } catch (const Error& error) {
            // The next to finish its request accepts again.
            log::error("nobody accepts for a while", {{"reason", error.what()}});
        }
    }
    return true;
}

bool Server::stay() {
    const MutexLock lock(mutex_);
    --in_flight_;
    if (idle_ >= kIdleThreads || stop_requests_.stop_requested()) {
        return false;
    }
    ++idle_;
    return true;
}

void Server::refuse(Fd stream) {
    metrics_.counter("terway_requests_refused_total", "Requests above max_requests").increment();
    // Not read, so the version asked for is unknown.
    Client(std::move(stream))
        .reply(cni::FrameKind::CniReply,
               cni::encode_reply(
                   failure(Error(Status::Retry, "too many requests are in flight"), "")));
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
        } else if (request.frame.kind == cni::FrameKind::CtlFollow) {
            answer_follow(*client, request);
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

void Server::answer_follow(Client& client, const cni::Received& request) {
    cni::CtlReply reply;
    try {
        handlers_.follow(request.frame.payload,
                         [&](const std::string& part) { return tell(client, part); });
    } catch (const Error& error) {
        reply.error = error;
    } catch (const std::exception& error) {
        reply.error = Error(Status::Internal, error.what());
    }
    if (tell(client, {})) {
        client.reply(cni::FrameKind::CtlReply, cni::encode_ctl_reply(reply));
    }
}

bool Server::tell(Client& client, const std::string& part) const {
    const auto is_wanted = [&] {
        return !stop_requests_.stop_requested() && !client.connection.closed_by_peer();
    };
    if (part.empty()) {
        return is_wanted();
    }
    while (is_wanted()) {
        if (!client.connection.can_send(after(kGlance))) {
            continue;
        }
        try {
            client.connection.send({cni::FrameKind::CtlPart, part}, after(kFrameTime));
            return true;
        } catch (const Error&) {  // it goes
            return false;
        }
    }
    return false;
}

}  // namespace terway::daemon
