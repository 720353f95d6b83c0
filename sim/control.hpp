// How `terway-sim calls` and the like speak to a running simulation: a unix socket, one command and
// one answer a connection.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "sim/arguments.hpp"
#include "sim/cloud_server.hpp"

namespace terway::sim {

struct Reply {
    bool ok = true;
    std::string text;  // ends with a newline
};

// Carries out "calls --reset", "fault add ...", "set KEY=VALUE" and so on. What is wrong with the
// command is in the reply. Any thread.
[[nodiscard]] Reply control(CloudServer& server, const Words& command);
// What `terway-sim VERB --help` prints; empty for a verb that is none of these.
[[nodiscard]] std::string control_help(const std::string& verb);

// Owns the socket file and one thread, "sim-control".
class ControlServer {
public:
    using Handler = std::function<Reply(const Words&)>;
    // Throws Error.
    ControlServer(const std::string& path, Handler handler);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

private:
    void run(const std::stop_token& stop);
    void serve(int connection);

    std::string path_;
    Handler handler_;
    Fd socket_;
    Fd wake_;
    std::jthread thread_;
};

// Throws Error(Gone) if nobody listens.
[[nodiscard]] Reply ask(const std::string& path, const Words& command);

}  // namespace terway::sim
