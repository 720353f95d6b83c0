// A blocking HTTP(S) client that does what it is told and nothing more: no redirects, no proxy, no
// cookies, no headers of its own, certificates verified.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "terway/error.hpp"

namespace terway::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method = "GET";
    std::string url;
    Headers headers;
    std::string body;
    std::chrono::milliseconds timeout{20'000};  // of this exchange; the deadline counts as well
    // A connection that was idle may turn out to be dead, and then the request is written again on
    // a new one. With this it never is: it goes out on a connection of its own.
    bool once = false;
};

struct Response {
    int status = 0;
    Headers headers;
    std::string body;

    // The first header of that name in any case; empty if there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

// Why there is no answer.
enum class Failure : std::uint8_t {
    NotSent,  // no byte of the request left: no such host, nobody listens, connecting took too long
    Unknown,  // the request may have arrived
    Untrusted,  // the server's certificate was refused; nothing was sent
    Stopped,    // the stop token; the request may have arrived
    Silent,     // a stream brought nothing for too long; the request may have arrived
};

// Its status() is Retry, or Internal if Untrusted. The text names scheme, host and port, never the
// rest of the URL, which may hold secrets.
class TransportError : public Error {
public:
    TransportError(Failure failure, const std::string& text);
    [[nodiscard]] Failure failure() const noexcept { return failure_; }

private:
    Failure failure_;
};

// PEM, in a file that is read for each new connection, or as it is. Not both.
struct Pem {
    std::string file;
    std::string text;

    [[nodiscard]] bool empty() const noexcept { return file.empty() && text.empty(); }
};

struct Options {
    std::string ca_file;  // PEM; empty: ca_text, and if that is, too, the system's authorities
    std::string ca_text;  // PEM
    Pem certificate;      // with which the client proves who it is, and its key; or neither
    Pem key;
    bool verify = true;        // false: whoever answers is believed; for people who ask for it
    bool allow_plain = false;  // whether http:// is allowed beside https://
    std::size_t max_body = 16U << 20U;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::seconds max_idle{25};  // an older idle connection is not used again
};

// Takes the body of an answer piece by piece. Called by the thread that waits for the answer. What
// it throws ends the exchange and leaves stream().
using Take = std::function<void(std::string_view)>;

// "https://host:port" of a URL.
[[nodiscard]] std::string origin_of(std::string_view url);

// A monitor; any thread. Keeps as many lines, each with its connections, as requests were ever in
// flight at a time, but no more than 16.
class Client {
public:
    explicit Client(Options options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Any status is an answer. Throws TransportError; Error(Invalid) for a request that cannot be
    // sent (plain http where it is not allowed, a header with a line break); Error(Internal) for an
    // answer larger than max_body. A stop request ends it at once.
    [[nodiscard]] Response send(const Request& request, const std::stop_token& stop,
                                Deadline deadline);

    // As send, but gives a successful (2xx) answer's body to `take` instead of keeping it, however
    // large. TransportError(Silent) if nothing comes for `idle`; a body that ends early is Unknown.
    [[nodiscard]] Response stream(const Request& request, const Take& take,
                                  std::chrono::milliseconds idle, const std::stop_token& stop,
                                  Deadline deadline);

private:
    class Line;
    class Loan;

    void check(const Request& request, const std::stop_token& stop) const;
    [[nodiscard]] std::unique_ptr<Line> borrow();
    void give_back(std::unique_ptr<Line> line) noexcept;

    const Options options_;
    Mutex mutex_;
    std::vector<std::unique_ptr<Line>> idle_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::http
