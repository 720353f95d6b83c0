// One connection of the HTTP server, plain or with TLS. Part of http_server.cpp.
#pragma once

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sim/http_server.hpp"

namespace terway::sim {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

inline constexpr auto kIdle = std::chrono::minutes(2);
inline std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c | ' ' : c); });
    return text;
}

// "O=group,CN=user" of the peer's certificate; empty if it has shown none.
[[nodiscard]] std::string subject_of(SSL* connection);

using Plain = beast::tcp_stream;
using Tls = beast::ssl_stream<beast::tcp_stream>;

// What the server does with connections whatever they are made of. On the server's thread.
class Connection {
public:
    Connection() = default;
    virtual ~Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    // There may be more of the body that is being streamed.
    virtual void pump() = 0;
    virtual void close() = 0;
};

template <class Stream>
class Session : public Connection, public std::enable_shared_from_this<Session<Stream>> {
public:
    // `stream` is what the stream is made of: a socket, and a TLS context if it has one.
    template <class... Parts>
    Session(const HttpServer::Handler& handler, std::uint64_t largest_body, Parts&&... stream)
        : stream_(std::forward<Parts>(stream)...),
          timer_(stream_.get_executor()),
          handler_(handler),
          largest_body_(largest_body) {}

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
        parser_->body_limit(largest_body_);
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
        if constexpr (std::is_same_v<Stream, Tls>) {
            request.subject = subject_of(stream_.native_handle());
        }
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
        if (answer_.stream) {
            begin_stream();
            return;
        }
        response_ = {};
        set_header(response_);
        response_.body() = std::move(answer_.body);
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

    template <class Response>
    void set_header(Response& response) {
        response.version(11);
        response.result(answer_.status);
        response.set(http::field::server, "terway-sim");
        response.set(http::field::date, http_date(wall_now()));
        response.set(http::field::content_type, answer_.content_type);
        for (const auto& [name, value] : answer_.headers) {
            response.set(name, value);
        }
        response.keep_alive(parser_->get().keep_alive());
    }

    void begin_stream() {
        head_ = {};
        set_header(head_);
        head_.chunked(true);
        head_writer_.emplace(head_);
        state_ = State::Writing;
        watch_peer();
        http::async_write_header(
            stream_, *head_writer_,
            [self = this->shared_from_this()](error_code error, std::size_t /*size*/) {
                self->written(error);
            });
    }

    // Notices that the client goes away while a body is streamed; what else it sends is kept.
    void watch_peer() {
        constexpr std::size_t kPiece = 4096;
        peer_ = Peer::Watched;
        stream_.async_read_some(buffer_.prepare(kPiece), [self = this->shared_from_this()](
                                                             error_code error, std::size_t size) {
            self->buffer_.commit(size);
            self->peer_ = Peer::Heard;
            if (error) {
                self->close();
            } else if (self->state_ == State::Idle) {
                self->read();
            }
        });
    }

    void written(error_code error) {
        if (error) {
            close();
            return;
        }
        state_ = State::Waiting;
        if (last_.cut) {
            close();
        } else if (last_.end) {
            end_stream();
        } else {
            pump();
        }
    }

    void write_part() {
        state_ = State::Writing;
        asio::async_write(stream_, http::make_chunk(asio::buffer(last_.data)),
                          [self = this->shared_from_this()](error_code error, std::size_t) {
                              self->written(error);
                          });
    }

    void end_stream() {
        state_ = State::Writing;
        asio::async_write(stream_, http::make_chunk_last(),
                          [self = this->shared_from_this()](error_code error, std::size_t) {
                              self->stream_ended(error);
                          });
    }

    void stream_ended(error_code error) {
        state_ = State::Idle;
        answer_.stream.reset();
        last_ = {};
        if (error || !head_.keep_alive()) {
            close();
        } else if (peer_ == Peer::Heard) {
            read();
        }
    }

public:
    void pump() override {
        if (state_ != State::Waiting) {
            return;
        }
        last_ = answer_.stream->next();
        if (!last_.data.empty()) {
            write_part();
        } else if (last_.cut) {
            close();
        } else if (last_.end) {
            end_stream();
        } else if (last_.again) {
            timer_.expires_after(*last_.again);
            timer_.async_wait([self = this->shared_from_this()](error_code failed) {
                if (!failed) {
                    self->pump();
                }
            });
        }
    }

    void close() override {
        state_ = State::Idle;
        timer_.cancel();
        error_code ignored;
        lowest().socket().shutdown(tcp::socket::shutdown_both, ignored);
        lowest().close();
    }

private:
    enum class State : std::uint8_t { Idle, Writing, Waiting };
    enum class Peer : std::uint8_t { Heard, Watched };

    void wait_for_close() {
        stream_.async_read_some(
            buffer_.prepare(1),
            [self = this->shared_from_this()](error_code, std::size_t) { self->close(); });
    }

    [[nodiscard]] beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

    Stream stream_;
    asio::steady_timer timer_;
    const HttpServer::Handler& handler_;
    const std::uint64_t largest_body_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    Answer answer_;
    State state_ = State::Idle;
    Peer peer_ = Peer::Heard;
    BodyStream::Part last_;
    http::response<http::empty_body> head_;
    std::optional<http::response_serializer<http::empty_body>> head_writer_;
};

}  // namespace terway::sim
