#include "sim/demo/stage.hpp"

#include <cstdio>
#include <thread>

#include "terway/error.hpp"

namespace terway::sim::demo {

using std::chrono::seconds;

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

std::string fixed(double value, const char* unit) {
    char text[32];
    (void)std::snprintf(text, sizeof text, "%.1f %s", value, unit);
    return text;
}

void refute(const std::string& what) {
    throw Error(Status::Internal, what);
}

std::string eventually(const std::function<std::string()>& claim,
                       std::chrono::milliseconds patience) {
    const auto deadline = after(patience);
    while (true) {
        try {
            return claim();
        } catch (const Error&) {
            if (Clock::now() >= deadline) {
                throw;
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void Stage::add_pod(Pod& pod, Node& node) {
    story_.step("ADD " + pod.name + " on " + node.name(), [&] {
        node.cni("ADD", pod);
        std::string said;
        for (const auto& address : pod.addresses) {
            said += (said.empty() ? "" : ", ") + address.text();
        }
        return said;
    });
}

void Stage::remove_pod(Pod& pod, Node& node) {
    story_.step("DEL " + pod.name, [&] {
        node.cni("DEL", pod);
        node.cni("DEL", pod);  // runtimes repeat themselves
        return std::string("twice, as runtimes do");
    });
}

void Stage::ping(const std::string& claim, const Netns& from, const IpAddress& to) {
    story_.step("ping, " + claim, [&] {
        const auto outcome =
            run_program({{"ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "2", to.text()},
                         {{"PATH", kUsualPath}},
                         {},
                         from.fd(),
                         {},
                         {}},
                        after(seconds(10)));
        if (outcome.exit != 0) {
            refute(to.text() + " does not answer: " + outcome.out + outcome.err);
        }
        const auto at = outcome.out.find("rtt ");
        return to.text() + (at == std::string::npos
                                ? ""
                                : ", " + outcome.out.substr(at, outcome.out.find('\n', at) - at));
    });
}

void Stage::tcp(const std::string& claim, const Netns& from, const IpAddress& to,
                const std::string& seen_as, std::uint16_t port) {
    story_.step("TCP,  " + claim, [&] {
        Conversation conversation(from.fd(), to, port, after(kPatience));
        const auto seen = conversation.say("hello", after(kPatience));
        if (!seen_as.empty() && seen != seen_as) {
            refute(to.text() + " sees " + seen + ", not " + seen_as);
        }
        return to.text() + " sees " + seen;
    });
}

void Stage::stop(Node& node) {
    story_.step(node.name() + ": terwayd stops on SIGTERM", [&] {
        const int status = node.stop();
        if (status != 0) {
            refute("exit status " + std::to_string(status));
        }
        return std::string("exit status 0");
    });
}

std::string Stage::nothing_left(const Node& node, const std::vector<std::string>& before) {
    std::vector<std::string> rest;
    const auto deadline = after(kPatience);
    do {
        rest = difference(before, node.kernel_state());
    } while (!rest.empty() && Clock::now() < deadline);
    if (!rest.empty()) {
        std::string all;
        for (const auto& line : rest) {
            all += "\n      " + line;
        }
        refute("the kernel differs from before the first pod:" + all);
    }
    return std::to_string(before.size()) +
           " kernel objects before the first pod and after the last are the same";
}

}  // namespace terway::sim::demo
