// An HTTP server on 127.0.0.1 that answers as a test says, in the clear or with TLS.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace terway::testing_http {

struct Received {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    int connection = 0;  // counts from 0
    std::string peer{};  // the name in the client's certificate, which the same authority signed

    // The decoded query.
    [[nodiscard]] std::map<std::string, std::string> query() const;
};

enum class Act : std::uint8_t {
    Answer,
    Cut,   // closes the connection without a byte of answer
    Hang,  // says nothing until the server ends
};

// The body of an answer that comes bit by bit. Any thread.
class Feed {
public:
    Feed();
    ~Feed();
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    void write(const std::string& bytes);
    void end();  // the body is complete
    void cut();  // the connection breaks

private:
    friend class Server;
    class Inside;
    std::unique_ptr<Inside> inside_;
};

struct Reply {
    int status = 200;
    std::string body;
    std::map<std::string, std::string> headers;
    Act act = Act::Answer;
    std::shared_ptr<Feed> feed{};  // what follows the body, then in chunks
};

// A certificate for 127.0.0.1 or another name, and the authority that signed it, as PEM files in a
// directory that goes with this object.
class Identity {
public:
    explicit Identity(const std::string& subject_alternative_name = "IP:127.0.0.1");
    ~Identity();
    Identity(const Identity&) = delete;
    Identity& operator=(const Identity&) = delete;

    [[nodiscard]] std::string authority() const { return directory_ + "/ca.pem"; }
    [[nodiscard]] std::string certificate() const { return directory_ + "/cert.pem"; }
    [[nodiscard]] std::string key() const { return directory_ + "/key.pem"; }

private:
    std::string directory_;
};

class Server {
public:
    using Handler = std::function<Reply(const Received&)>;

    // `handler` is called by one thread at a time. `identity` must outlive the server.
    explicit Server(Handler handler, const Identity* identity = nullptr);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::string url() const;  // "http://127.0.0.1:1234"
    [[nodiscard]] std::vector<Received> requests() const;
    // Waits until that many requests arrived; false if ten seconds were not enough.
    [[nodiscard]] bool await_requests(std::size_t count) const;

private:
    class Inside;
    std::unique_ptr<Inside> inside_;
};

// A handler that answers one after the other, and the last one again and again.
[[nodiscard]] Server::Handler in_turn(std::vector<Reply> replies);

}  // namespace terway::testing_http
