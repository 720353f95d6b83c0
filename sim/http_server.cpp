#include "sim/http_server.hpp"

#include <pthread.h>

#include <array>
#include <ctime>
#include <list>
#include <optional>
#include <thread>

#include "sim/http_session.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

constexpr std::size_t kMostConnections = 1024;

struct Listener {
    std::optional<tcp::acceptor> acceptor;
    HttpServer::Handler handler;
    std::optional<asio::ssl::context> tls;
    std::uint64_t largest_body;
};

std::optional<asio::ssl::context> context_of(const Certificates* tls, bool ask_client) {
    if (tls == nullptr) {
        return std::nullopt;
    }
    asio::ssl::context context(asio::ssl::context::tls_server);
    context.use_certificate_chain(asio::buffer(tls->certificate));
    context.use_private_key(asio::buffer(tls->key), asio::ssl::context::pem);
    if (ask_client) {
        context.add_certificate_authority(asio::buffer(tls->authority));
        context.set_verify_mode(asio::ssl::verify_peer);
    }
    return context;
}

}  // namespace

struct HttpServer::Loop {
    std::list<std::weak_ptr<Connection>> connections;
    bool refuses = false;
    std::list<Listener> listeners;
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::jthread thread;

    template <class Stream, class... Parts>
    void start(const Listener& listener, Parts&&... parts) {
        const auto session = std::make_shared<Session<Stream>>(
            listener.handler, listener.largest_body, std::forward<Parts>(parts)...);
        connections.push_back(session);
        session->start();
    }

    void begin(Listener& listener, tcp::socket socket) {
        if (listener.tls) {
            start<Tls>(listener, std::move(socket), *listener.tls);
        } else {
            start<Plain>(listener, std::move(socket));
        }
    }

    [[nodiscard]] bool has_room() {
        connections.remove_if([](const auto& connection) { return connection.expired(); });
        return !refuses && connections.size() < kMostConnections;
    }

    void each(void (Connection::*act)()) {
        // A copy: what is done may begin and end connections.
        for (const auto& weak : std::list(connections)) {
            if (const auto connection = weak.lock()) {
                ((*connection).*act)();
            }
        }
    }

    void accept(Listener& listener) {
        listener.acceptor->async_accept([this, &listener](error_code error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) {
                return;
            }
            if (!error && has_room()) {
                socket.set_option(tcp::no_delay(true), error);
                begin(listener, std::move(socket));
            }
            accept(listener);
        });
    }
};

std::string subject_of(SSL* connection) {
    X509* certificate = ::SSL_get1_peer_certificate(connection);
    if (certificate == nullptr) {
        return {};
    }
    std::string subject;
    X509_NAME* name = ::X509_get_subject_name(certificate);
    for (int at = 0; at < ::X509_NAME_entry_count(name); ++at) {
        const X509_NAME_ENTRY* entry = ::X509_NAME_get_entry(name, at);
        const int kind = ::OBJ_obj2nid(::X509_NAME_ENTRY_get_object(entry));
        const ASN1_STRING* value = ::X509_NAME_ENTRY_get_data(entry);
        if (kind == NID_commonName || kind == NID_organizationName) {
            subject += subject.empty() ? "" : ",";
            subject += kind == NID_commonName ? "CN=" : "O=";
            subject.append(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(value)),
                           static_cast<std::size_t>(::ASN1_STRING_length(value)));
        }
    }
    ::X509_free(certificate);
    return subject;
}

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

void HttpServer::wake() {
    asio::post(loop_->context, [loop = loop_.get()] { loop->each(&Connection::pump); });
}

void HttpServer::close_connections() {
    asio::post(loop_->context, [loop = loop_.get()] { loop->each(&Connection::close); });
}

void HttpServer::refuse(bool refuses) {
    asio::post(loop_->context, [loop = loop_.get(), refuses] {
        loop->refuses = refuses;
        if (refuses) {
            loop->each(&Connection::close);
        }
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
                                 const Certificates* tls, const Limits& limits) {
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
    listener->push_back({std::move(acceptor), std::move(handler),
                         context_of(tls, limits.ask_client), limits.largest_body});
    asio::post(loop_->context, [loop = loop_.get(), listener] {
        loop->listeners.splice(loop->listeners.end(), *listener);
        loop->accept(loop->listeners.back());
    });
    return chosen;
}

}  // namespace terway::sim
