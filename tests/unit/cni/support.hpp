// What the tests of core/cni share: sample requests, a scratch directory, a daemon to talk to, and
// a way to run the real binary.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "base/time.hpp"
#include "cni/request.hpp"
#include "cni/wire.hpp"

namespace terway::cni::test {

// A complete environment for `verb`.
[[nodiscard]] Environment environment_for(const std::string& verb);
// {"cniVersion": "1.1.0", "name": "pods", "type": "terway"`, more`}
[[nodiscard]] std::string config_with(const std::string& more = {});

class ScratchDirectory {
public:
    ScratchDirectory();
    ~ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    [[nodiscard]] std::string operator/(const std::string& name) const;

private:
    std::string path_;
};

[[nodiscard]] std::vector<std::string> files_in(const std::string& directory);
[[nodiscard]] std::size_t open_descriptors();
// Polls until `holds` or ten seconds have passed; returns whether it holds.
[[nodiscard]] bool eventually(const std::function<bool()>& holds);

// A bound and listening unix stream socket.
[[nodiscard]] Fd listen_at(const std::string& path, int backlog = 16);

// Gives the n-th connection to the n-th behaviour, one after the other, then stops listening.
class FakeDaemon {
public:
    using Behaviour = std::function<void(Connection&)>;
    FakeDaemon(const std::string& path, std::vector<Behaviour> behaviours);
    ~FakeDaemon();
    FakeDaemon(const FakeDaemon&) = delete;
    FakeDaemon& operator=(const FakeDaemon&) = delete;

private:
    std::jthread thread_;
};

// Two connected streams.
struct Pair {
    Pair();
    Connection left;
    Connection right;

private:
    explicit Pair(std::pair<Fd, Fd> ends);
};

struct Outcome {
    int exit = -1;  // -1 if a signal ended it
    int signal = 0;
    std::string out;
    std::string err;
};

// The CNI binary as a child process.
class Child {
public:
    Child(const Environment& env, const std::string& input,
          const std::vector<std::string>& arguments = {});
    // The same, with `input` as its standard input whatever it is.
    Child(const Environment& env, Fd input, const std::vector<std::string>& arguments = {});
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    void signal(int number) const;
    // Waits for its end; kills it after thirty seconds.
    [[nodiscard]] Outcome wait();

private:
    void start(const Environment& env, int input, const std::vector<std::string>& arguments);
    pid_t pid_ = -1;
    Fd out_;
    Fd err_;
};

[[nodiscard]] Outcome run_binary(const Environment& env, const std::string& input);

}  // namespace terway::cni::test
