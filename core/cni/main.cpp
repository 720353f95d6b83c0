#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/netns.hpp"
#include "base/time.hpp"
#include "cni/client.hpp"
#include "cni/failure.hpp"
#include "cni/request.hpp"

namespace terway::cni {
namespace {

constexpr auto kConnectPatience = std::chrono::seconds(5);
constexpr auto kAnswerPatience = std::chrono::seconds(110);
constexpr auto kVersionPatience = std::chrono::milliseconds(200);
constexpr std::size_t kMaxInput = 1536U << 10U;  // quoted as JSON, at most twice that: fits a frame

constexpr const char* kAbout =
    "terway " TERWAY_VERSION ": CNI plugin, pod networking on Alibaba Cloud VPC\n";

constexpr const char* kHelp =
    "\n"
    "A container runtime runs this program for every change to a pod's network and says what it\n"
    "wants through CNI_* variables and a JSON configuration on standard input. The program hands\n"
    "both to terwayd, the daemon on the same node, and prints its answer.\n"
    "\n"
    "usage: terway            with CNI_COMMAND = ADD, DEL, CHECK, GC, STATUS or VERSION\n"
    "       terway --help     this text\n"
    "       terway --version  the version\n"
    "\n"
    "configuration keys, besides those of the CNI specification:\n"
    "  socket  where terwayd listens, default /run/terway/cni.sock\n"
    "  queue   where a DEL waits that finds no daemon, default /var/lib/terway/queue\n"
    "  mtu     of the pod's interface, default: chosen by the daemon\n";

void print(std::string_view text) {
    write_all(STDOUT_FILENO, "standard output", text);
}

std::string supported_line() {
    return "CNI protocol versions supported: " + supported_versions_text() + "\n";
}

std::string read_input(Deadline deadline) {
    std::string input;
    std::array<char, 16384> chunk{};
    while (true) {
        pollfd item{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        if (::poll(&item, 1, static_cast<int>(left(deadline).count())) == 0) {
            throw CniError(Code::Io, "standard input: its end did not come in time");
        }
        const auto got = ::read(STDIN_FILENO, chunk.data(), chunk.size());
        if (got < 0 && errno != EINTR) {
            throw CniError(Code::Io, std::string("standard input: ") + std::strerror(errno));
        }
        if (got == 0) {
            return input;
        }
        input.append(chunk.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
        if (input.size() > kMaxInput) {
            throw CniError(Code::Io,
                           "standard input: larger than " + std::to_string(kMaxInput) + " bytes");
        }
    }
}

// VERSION is answered whatever is, or is not, on standard input.
std::string version_to_echo() {
    try {
        return stated_version(read_input(after(kVersionPatience))).value_or(kNewestVersion.text());
    } catch (const CniError&) {
        return kNewestVersion.text();
    }
}

// A DEL may come long after the namespace has gone.
std::optional<Netns> open_netns(const Request& request) {
    if (request.netns.empty()) {
        return std::nullopt;
    }
    std::optional<Netns> netns;
    try {
        netns = Netns::open(request.netns);
    } catch (const Error& error) {
        if (request.verb == Verb::Del) {
            return std::nullopt;
        }
        throw CniError(Code::InvalidNetns, std::string("CNI_NETNS: ") + error.what());
    }
    if (request.verb != Verb::Check && !request.netns_override &&
        netns->inode() == current_netns_inode()) {
        throw CniError(Code::InvalidNetns,
                       "CNI_NETNS " + request.netns + " is the network namespace of this plugin",
                       "set CNI_NETNS_OVERRIDE=1 if that is meant");
    }
    return netns;
}

Reply serve(Invocation& invocation) {
    if (check_environment(invocation.env) == Verb::Version) {
        return {0, version_document(version_to_echo())};
    }
    const auto deadline = after(kAnswerPatience);
    invocation.config = read_input(deadline);
    const auto request = parse_request(invocation);
    const auto netns = open_netns(request);
    return deliver(invocation, request, netns ? netns->fd() : -1,
                   {.connect = after(kConnectPatience), .answer = deadline});
}

int run_as_plugin() {
    Invocation invocation{call_environment(environ), {}};
    if (!invocation.env.contains("CNI_COMMAND") || invocation.env["CNI_COMMAND"].empty()) {
        write_all(STDERR_FILENO, "standard error", kAbout + supported_line());
        return 0;
    }
    Reply reply;
    try {
        reply = serve(invocation);
    } catch (const Error& error) {
        const auto version = version_for_answer(invocation.config).text();
        reply = Reply::failure(ErrorResult::from(error, version));
    }
    print(reply.output);
    return reply.exit;
}

int run_for_people(std::string_view option) {
    if (option == "--version") {
        print(kAbout + supported_line());
        return 0;
    }
    if (option == "--help" || option == "-h") {
        print(kAbout + std::string(kHelp) + "\n" + supported_line());
        return 0;
    }
    write_all(STDERR_FILENO, "standard error",
              "terway: unknown argument \"" + std::string(option) + "\"; see terway --help\n");
    return 2;
}

}  // namespace
}  // namespace terway::cni

int main(int argc, char** argv) {
    static_cast<void>(::signal(SIGPIPE, SIG_IGN));
    try {
        return argc > 1 ? terway::cni::run_for_people(argv[1]) : terway::cni::run_as_plugin();
    } catch (const std::exception& error) {
        static_cast<void>(std::fprintf(stderr, "terway: %s\n", error.what()));
        return 1;
    }
}
