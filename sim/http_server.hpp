// A small HTTP/1.1 server for both APIs: one thread, many connections, answers that may be late,
// lost or withheld.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/time.hpp"
#include "sim/certificate.hpp"
#include "sim/cloud/call.hpp"
#include "sim/cloud/signature.hpp"

namespace terway::sim {

// Owns one thread, on which `handler` runs; it must not throw and should not block for long.
// At most 1024 connections. Destruction closes everything.
class HttpServer {
public:
    using Handler = std::function<Answer(const HttpRequest&)>;
    struct Limits {
        std::uint64_t largest_body = 1U << 20U;
        bool ask_client = false;  // for a certificate of the same authority; it may have none
    };

    HttpServer();
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Listens in the calling thread's network namespace, wherever the server's thread lives. Port 0
    // chooses one; answers the port. Throws Error.
    // Speaks TLS if it gets certificates.
    std::uint16_t listen(const std::string& address, std::uint16_t port, Handler handler,
                         const Certificates* tls, const Limits& limits);
    std::uint16_t listen(const std::string& address, std::uint16_t port, Handler handler,
                         const Certificates* tls = nullptr) {
        return listen(address, port, std::move(handler), tls, Limits());
    }

    // Bodies that are being streamed may have more to say. Any thread.
    void wake();
    // All that there are; new ones are welcome. Any thread.
    void close_connections();
    // Old and new connections are closed, as if the server were down. Any thread.
    void refuse(bool refuses);

private:
    struct Loop;
    std::unique_ptr<Loop> loop_;
};

// As in the header Date, which every answer has unless it brings its own.
[[nodiscard]] std::string http_date(WallTime time);

}  // namespace terway::sim
