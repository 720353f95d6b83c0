#include "server.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/fd.hpp"

namespace terway::testing_http {
namespace {

std::string decoded(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};
struct FreeCertificate {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct FreeContext {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

Context make_context(const Identity* identity) {
    if (identity == nullptr) {
        return nullptr;
    }
    Context context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_load_verify_locations(context.get(), identity->authority().c_str(), nullptr);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>("t"), 1);
    if (SSL_CTX_use_certificate_file(context.get(), identity->certificate().c_str(),
                                     SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), identity->key().c_str(), SSL_FILETYPE_PEM) !=
            1) {
        throw std::runtime_error("the test's certificate cannot be used");
    }
    return context;
}

// Bytes to and from one client; waits end when `end` becomes readable.
class Channel {
public:
    Channel(Fd socket, int end, SSL_CTX* context) : socket_(std::move(socket)), end_(end) {
        if (context != nullptr) {
            ssl_.reset(SSL_new(context));
            SSL_set_fd(ssl_.get(), socket_.get());
        }
    }
    [[nodiscard]] bool handshake() {
        while (ssl_) {
            const auto result = SSL_accept(ssl_.get());
            if (result == 1) {
                break;
            }
            if (!wait(SSL_get_error(ssl_.get(), result))) {
                return false;
            }
        }
        return true;
    }
    // Empty at the end.
    [[nodiscard]] std::string read() {
        char buffer[4096];
        while (true) {
            const auto got =
                ssl_ ? SSL_read(ssl_.get(), buffer, sizeof buffer)
                     : static_cast<int>(::recv(socket_.get(), buffer, sizeof buffer, 0));
            if (got > 0) {
                return {buffer, static_cast<std::size_t>(got)};
            }
            if (!wait(ssl_ ? SSL_get_error(ssl_.get(), got)
                           : (got < 0 && errno == EAGAIN ? SSL_ERROR_WANT_READ : 0))) {
                return "";
            }
        }
    }
    [[nodiscard]] bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto put =
                ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                     : static_cast<int>(
                           ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
            if (put > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(put));
            } else if (!wait(ssl_ ? SSL_get_error(ssl_.get(), put)
                                  : (errno == EAGAIN ? SSL_ERROR_WANT_WRITE : 0))) {
                return false;
            }
        }
        return true;
    }
    // The name in the client's certificate.
    [[nodiscard]] std::string peer() const {
        const std::unique_ptr<X509, FreeCertificate> certificate(
            ssl_ ? SSL_get1_peer_certificate(ssl_.get()) : nullptr);
        char name[256] = {};
        if (certificate) {
            X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName,
                                      name, sizeof name);
        }
        return name;
    }
    // Until there is something to read from `fd`; false if client or server ended first.
    [[nodiscard]] bool wait_for(int fd) const {
        pollfd fds[3] = {{fd, POLLIN, 0}, {end_, POLLIN, 0}, {socket_.get(), POLLRDHUP, 0}};
        return ::poll(fds, 3, -1) > 0 && fds[1].revents == 0 && fds[2].revents == 0;
    }
    // Until the client or the server ends.
    void hang() {
        while (!read().empty()) {
        }
    }

private:
    [[nodiscard]] bool wait(int what) const {
        if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) {
            return false;
        }
        const auto events = static_cast<short>(what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
        pollfd fds[2] = {{socket_.get(), events, 0}, {end_, POLLIN, 0}};
        return ::poll(fds, 2, -1) > 0 && fds[1].revents == 0;
    }

    Fd socket_;
    int end_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
};

bool parse_head(const std::string& head, Received& received) {
    const auto space = head.find(' ');
    const auto second = head.find(' ', space + 1);
    received.method = head.substr(0, space);
    received.target = head.substr(space + 1, second - space - 1);
    for (auto at = head.find("\r\n"); at != std::string::npos && at + 2 < head.size();) {
        const auto end = std::min(head.find("\r\n", at + 2), head.size());
        const auto line = head.substr(at + 2, end - at - 2);
        const auto colon = line.find(':');
        auto name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (colon != std::string::npos) {
            const auto value = line.find_first_not_of(' ', colon + 1);
            received.headers[name] = value == std::string::npos ? "" : line.substr(value);
        }
        at = end == head.size() ? std::string::npos : end;
    }
    return space != std::string::npos && second != std::string::npos;
}

std::string chunk(const std::string& bytes) {
    if (bytes.empty()) {
        return "";
    }
    std::ostringstream out;
    out << std::hex << bytes.size() << "\r\n" << bytes << "\r\n";
    return out.str();
}

std::string serialized(const Reply& reply) {
    auto text = "HTTP/1.1 " + std::to_string(reply.status) + " Told\r\n";
    text += reply.feed ? "Transfer-Encoding: chunked\r\n"
                       : "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
    for (const auto& [name, value] : reply.headers) {
        text += name + ": " + value + "\r\n";
    }
    return text + "\r\n" + (reply.feed ? chunk(reply.body) : reply.body);
}

}  // namespace

std::map<std::string, std::string> Received::query() const {
    std::map<std::string, std::string> out;
    const auto mark = target.find('?');
    auto rest = mark == std::string::npos ? "" : target.substr(mark + 1);
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest.erase(0, pair.size() + 1);
        const auto equals = pair.find('=');
        out[decoded(pair.substr(0, equals))] = decoded(pair.substr(equals + 1));
    }
    return out;
}

class Feed::Inside {
public:
    enum class State : std::uint8_t { Open, Ended, Cut };

    void add(const std::string& bytes, State state) {
        const std::lock_guard lock(mutex_);
        bytes_ += bytes;
        state_ = state;
        const std::uint64_t one = 1;
        static_cast<void>(::write(news_.get(), &one, sizeof one));
    }
    [[nodiscard]] std::pair<std::string, State> take() {
        const std::lock_guard lock(mutex_);
        std::uint64_t count = 0;
        static_cast<void>(::read(news_.get(), &count, sizeof count));
        return {std::exchange(bytes_, ""), state_};
    }
    [[nodiscard]] int news() const { return news_.get(); }

private:
    const Fd news_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::mutex mutex_;
    std::string bytes_;
    State state_ = State::Open;
};

Feed::Feed() : inside_(std::make_unique<Inside>()) {}
Feed::~Feed() = default;
void Feed::write(const std::string& bytes) {
    inside_->add(bytes, Inside::State::Open);
}
void Feed::end() {
    inside_->add("", Inside::State::Ended);
}
void Feed::cut() {
    inside_->add("", Inside::State::Cut);
}

class Server::Inside {
public:
    Inside(Handler handler, const Identity* identity)
        : handler_(std::move(handler)),
          context_(make_context(identity)),
          end_(::eventfd(0, EFD_CLOEXEC)),
          listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets whose client has gone
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_.get(), raw, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
            ::getsockname(listener_.get(), raw, &size) != 0) {
            throw std::runtime_error("the test's server cannot listen");
        }
        url_ = (context_ ? "https://127.0.0.1:" : "http://127.0.0.1:") +
               std::to_string(ntohs(address.sin_port));
        acceptor_ = std::jthread([this] { accept_all(); });
    }
    ~Inside() {
        const std::uint64_t one = 1;
        static_cast<void>(::write(end_.get(), &one, sizeof one));
        acceptor_.join();
        connections_.clear();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

    [[nodiscard]] const std::string& url() const { return url_; }
    [[nodiscard]] std::vector<Received> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    [[nodiscard]] bool await_requests(std::size_t count) const {
        std::unique_lock lock(mutex_);
        return arrived_.wait_for(lock, std::chrono::seconds(10),
                                 [&] { return requests_.size() >= count; });
    }

private:
    void accept_all() {
        for (int number = 0;; ++number) {
            pollfd fds[2] = {{listener_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}};
            if (::poll(fds, 2, -1) < 0 || fds[1].revents != 0) {
                return;
            }
            Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (client) {
                connections_.emplace_back(
                    [this, number, socket = std::make_shared<Fd>(std::move(client))] {
                        serve(Channel(std::move(*socket), end_.get(), context_.get()), number);
                    });
            }
        }
    }

    void serve(Channel channel, int number) {
        if (!channel.handshake()) {
            return;
        }
        std::string bytes;
        while (true) {
            const auto received = next_request(channel, bytes, number);
            if (!received) {
                return;
            }
            const auto reply = answer_to(*received);
            if (reply.act == Act::Hang) {
                channel.hang();
            }
            if (reply.act != Act::Answer || !channel.write(serialized(reply)) ||
                (reply.feed && !pass_on(*reply.feed->inside_, channel))) {
                return;
            }
        }
    }

    // False if the connection is of no use any more.
    static bool pass_on(Feed::Inside& feed, Channel& channel) {
        while (channel.wait_for(feed.news())) {
            const auto [bytes, state] = feed.take();
            if (!channel.write(chunk(bytes)) || state == Feed::Inside::State::Cut) {
                return false;
            }
            if (state == Feed::Inside::State::Ended) {
                return channel.write("0\r\n\r\n");
            }
        }
        return false;
    }

    static std::optional<Received> next_request(Channel& channel, std::string& bytes, int number) {
        Received received;
        received.connection = number;
        received.peer = channel.peer();
        const auto more = [&] {
            const auto some = channel.read();
            bytes += some;
            return !some.empty();
        };
        while (bytes.find("\r\n\r\n") == std::string::npos) {
            if (!more()) {
                return std::nullopt;
            }
        }
        const auto head = bytes.find("\r\n\r\n");
        if (!parse_head(bytes.substr(0, head), received)) {
            return std::nullopt;
        }
        bytes.erase(0, head + 4);
        const auto length = received.headers.count("content-length") != 0
                                ? std::stoul(received.headers["content-length"])
                                : 0;
        while (bytes.size() < length) {
            if (!more()) {
                return std::nullopt;
            }
        }
        received.body = bytes.substr(0, length);
        bytes.erase(0, length);
        return received;
    }

    Reply answer_to(const Received& received) {
        const std::lock_guard lock(mutex_);
        auto reply = handler_(received);
        requests_.push_back(received);
        arrived_.notify_all();
        return reply;
    }

    const Handler handler_;
    const Context context_;
    const Fd end_;
    const Fd listener_;
    std::string url_;
    mutable std::mutex mutex_;
    mutable std::condition_variable arrived_;
    std::vector<Received> requests_;
    std::vector<std::jthread> connections_;
    std::jthread acceptor_;
};

Server::Server(Handler handler, const Identity* identity)
    : inside_(std::make_unique<Inside>(std::move(handler), identity)) {}
Server::~Server() = default;

std::string Server::url() const {
    return inside_->url();
}
std::vector<Received> Server::requests() const {
    return inside_->requests();
}
bool Server::await_requests(std::size_t count) const {
    return inside_->await_requests(count);
}

Server::Handler in_turn(std::vector<Reply> replies) {
    return [replies = std::move(replies), next = std::size_t{0}](const Received&) mutable {
        const auto& reply = replies[std::min(next, replies.size() - 1)];
        ++next;
        return reply;
    };
}

}  // namespace terway::testing_http
