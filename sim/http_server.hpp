// A small HTTP/1.1 server for both APIs: one thread, many connections, answers that may be late,
// lost or withheld.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/time.hpp"
#include "sim/certificate.hpp"
#include "sim/cloud/call.hpp"
#include "sim/cloud/signature.hpp"

namespace terway::sim {

// Owns one thread, on which `handler` runs; it must not throw and should not block for long.
// At most 1024 connections and bodies of 1 MiB. Destruction closes everything.
class HttpServer {
public:
    using Handler = std::function<Answer(const HttpRequest&)>;

    HttpServer();
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Listens in the calling thread's network namespace, wherever the server's thread lives. Port 0
    // chooses one; answers the port. Throws Error.
    // Speaks TLS if it gets certificates.
    std::uint16_t listen(const std::string& address, std::uint16_t port, Handler handler,
                         const Certificates* tls = nullptr);

private:
    struct Loop;
    std::unique_ptr<Loop> loop_;
};

// As in the header Date, which every answer has unless it brings its own.
[[nodiscard]] std::string http_date(WallTime time);

}  // namespace terway::sim
