#include "sim/http_server.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <ctime>
#include <list>
#include <optional>
#include <thread>

#include "terway/error.hpp"

namespace terway::sim {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kIdle = std::chrono::minutes(2);
constexpr std::uint64_t kLargestBody = 1U << 20U;
constexpr int kMostConnections = 1024;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c | ' ' : c); });
    return text;
}

using Plain = beast::tcp_stream;
using Tls = beast::ssl_stream<beast::tcp_stream>;

template <class Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
public:
    // `stream` is what the stream is made of: a socket, and a TLS context if it has one.
    template <class... Parts>
    Session(const HttpServer::Handler& handler, int& count, Parts&&... stream)
        : stream_(std::forward<Parts>(stream)...),
          timer_(stream_.get_executor()),
          handler_(handler),
          count_(count) {
        ++count_;
    }
    ~Session() { --count_; }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void start() {
        if constexpr (std::is_same_v<Stream, Tls>) {
            lowest().expires_after(kIdle);
            stream_.async_handshake(asio::ssl::stream_base::server,
                                    [self = this->shared_from_this()](error_code error) {
                                        if (!error) {
                                            self->read();
                                        }
                                    });
        } else {
            read();
        }
    }

    void read() {
        parser_.emplace();
        parser_->body_limit(kLargestBody);
        lowest().expires_after(kIdle);
        http::async_read(stream_, buffer_, *parser_,
                         [self = this->shared_from_this()](error_code error, std::size_t /*size*/) {
                             if (!error) {
                                 self->answer();
                             }
                         });
    }

private:
    void answer() {
        const auto& message = parser_->get();
        HttpRequest request;
        request.method = std::string(message.method_string());
        request.target = std::string(message.target());
        request.body = message.body();
        for (const auto& field : message) {
            request.headers.emplace_back(lower(std::string(field.name_string())),
                                         std::string(field.value()));
        }
        error_code error;
        const auto peer = lowest().socket().remote_endpoint(error);
        request.peer = error ? "" : peer.address().to_string();
        answer_ = handler_(request);
        lowest().expires_never();
        if (answer_.delivery == Delivery::Hang) {
            wait_for_close();
            return;
        }
        if (answer_.delay.count() == 0) {
            send();
            return;
        }
        timer_.expires_after(answer_.delay);
        timer_.async_wait([self = this->shared_from_this()](error_code failed) {
            if (!failed) {
                self->send();
            }
        });
    }

    void send() {
        if (answer_.delivery == Delivery::Cut) {
            close();
            return;
        }
        response_ = {};
        response_.version(11);
        response_.result(answer_.status);
        response_.set(http::field::server, "terway-sim");
        response_.set(http::field::date, http_date(wall_now()));
        response_.set(http::field::content_type, answer_.content_type);
        for (const auto& [name, value] : answer_.headers) {
            response_.set(name, value);
        }
        response_.keep_alive(parser_->get().keep_alive());
        response_.body() = answer_.body;
        response_.prepare_payload();
        lowest().expires_after(kIdle);
        http::async_write(
            stream_, response_,
            [self = this->shared_from_this()](error_code error, std::size_t /*size*/) {
                if (!error && self->response_.keep_alive()) {
                    self->read();
                } else {
                    self->close();
                }
            });
    }

    void wait_for_close() {
        stream_.async_read_some(
            buffer_.prepare(1),
            [self = this->shared_from_this()](error_code, std::size_t) { self->close(); });
    }

    void close() {
        error_code ignored;
        lowest().socket().shutdown(tcp::socket::shutdown_both, ignored);
        lowest().close();
    }

    [[nodiscard]] beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

    Stream stream_;
    asio::steady_timer timer_;
    const HttpServer::Handler& handler_;
    int& count_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    Answer answer_;
};

struct Listener {
    std::optional<tcp::acceptor> acceptor;
    HttpServer::Handler handler;
    std::optional<asio::ssl::context> tls;
};

std::optional<asio::ssl::context> context_of(const Certificates* tls) {
    if (tls == nullptr) {
        return std::nullopt;
    }
    asio::ssl::context context(asio::ssl::context::tls_server);
    context.use_certificate_chain(asio::buffer(tls->certificate));
    context.use_private_key(asio::buffer(tls->key), asio::ssl::context::pem);
    return context;
}

}  // namespace

struct HttpServer::Loop {
    int connections = 0;
    std::list<Listener> listeners;
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::jthread thread;

    void begin(Listener& listener, tcp::socket socket) {
        if (listener.tls) {
            std::make_shared<Session<Tls>>(listener.handler, connections, std::move(socket),
                                           *listener.tls)
                ->start();
        } else {
            std::make_shared<Session<Plain>>(listener.handler, connections, std::move(socket))
                ->start();
        }
    }

    void accept(Listener& listener) {
        listener.acceptor->async_accept([this, &listener](error_code error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) {
                return;
            }
            if (!error && connections < kMostConnections) {
                socket.set_option(tcp::no_delay(true), error);
                begin(listener, std::move(socket));
            }
            accept(listener);
        });
    }
};

std::string http_date(WallTime time) {
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text.data(), size};
}

HttpServer::HttpServer() : loop_(std::make_unique<Loop>()) {
    loop_->thread = std::jthread([loop = loop_.get()] {
        ::pthread_setname_np(::pthread_self(), "sim-http");
        loop->context.run();
    });
}

HttpServer::~HttpServer() {
    loop_->context.stop();
    loop_->thread.join();
    for (auto& listener : loop_->listeners) {
        listener.acceptor.reset();
    }
}

std::uint16_t HttpServer::listen(const std::string& address, std::uint16_t port, Handler handler,
                                 const Certificates* tls) {
    error_code error;
    const auto where = asio::ip::make_address(address, error);
    tcp::acceptor acceptor(loop_->context);
    const tcp::endpoint endpoint(where, port);
    if (!error) {
        acceptor.open(endpoint.protocol(), error);
    }
    if (!error) {
        acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
        acceptor.bind(endpoint, error);
    }
    if (!error) {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        throw Error(Status::Invalid,
                    "listen on " + address + ":" + std::to_string(port) + ": " + error.message());
    }
    const std::uint16_t chosen = acceptor.local_endpoint().port();
    auto listener = std::make_shared<std::list<Listener>>();
    listener->push_back({std::move(acceptor), std::move(handler), context_of(tls)});
    asio::post(loop_->context, [loop = loop_.get(), listener] {
        loop->listeners.splice(loop->listeners.end(), *listener);
        loop->accept(loop->listeners.back());
    });
    return chosen;
}

}  // namespace terway::sim
