#include "base/checkpoint.hpp"

#ifdef TERWAY_TEST_HOOKS

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <atomic>

#include "base/fd.hpp"
#include "terway/error.hpp"

namespace terway {
namespace {

enum class Effect { None, Kill, Fail, Hang };

struct Order {
    Effect effect = Effect::None;
    std::string name;
    std::optional<unsigned> number;  // which pass, or how many milliseconds
    Fd log;
};

[[noreturn]] void misunderstood(const char* variable, std::string_view value) {
    static_cast<void>(std::fprintf(stderr, "terway: cannot use %s=%.*s\n", variable,
                                   static_cast<int>(value.size()), value.data()));
    std::abort();
}

std::optional<unsigned> parse_number(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number == 0) {
        return std::nullopt;
    }
    return number;
}

Effect parse_effect(std::string_view text) {
    return text == "kill"   ? Effect::Kill
           : text == "fail" ? Effect::Fail
           : text == "hang" ? Effect::Hang
                            : Effect::None;
}

void parse_order(std::string_view text, Order& order) {
    const auto colon = text.find(':');
    order.effect = parse_effect(text.substr(0, colon));
    if (colon == std::string_view::npos || order.effect == Effect::None) {
        misunderstood("TERWAY_CHECKPOINT", text);
    }
    const auto rest = text.substr(colon + 1);
    const auto second = rest.find(':');
    order.name = rest.substr(0, second);
    if (second != std::string_view::npos) {
        order.number = parse_number(rest.substr(second + 1));
    }
    const bool number_lacks = second != std::string_view::npos || order.effect == Effect::Hang;
    if (order.name.empty() || (number_lacks && !order.number)) {
        misunderstood("TERWAY_CHECKPOINT", text);
    }
}

Order read_environment() {
    Order order;
    if (const char* text = std::getenv("TERWAY_CHECKPOINT"); text != nullptr) {
        parse_order(text, order);
    }
    if (const char* path = std::getenv("TERWAY_CHECKPOINT_LOG"); path != nullptr) {
        order.log.reset(::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        if (!order.log) {
            misunderstood("TERWAY_CHECKPOINT_LOG", path);
        }
    }
    return order;
}

void obey(const Order& order, unsigned pass) {
    switch (order.effect) {
        case Effect::Kill:
            if (pass == order.number.value_or(1)) {
                ::kill(::getpid(), SIGKILL);
            }
            return;
        case Effect::Fail:
            if (!order.number || pass == *order.number) {
                throw Error(Status::Retry, "checkpoint " + order.name + ": failure asked for");
            }
            return;
        case Effect::Hang:
            std::this_thread::sleep_for(std::chrono::milliseconds(*order.number));
            return;
        case Effect::None:
            return;
    }
}

}  // namespace

void checkpoint(const char* name) {
    static const Order order = read_environment();
    static std::atomic<unsigned> passes{0};
    if (order.log) {
        // One write for one line, so that threads and processes may share the file.
        const std::string line = std::string(name) + "\n";
        if (::write(order.log.get(), line.data(), line.size()) < 0) {
            misunderstood("TERWAY_CHECKPOINT_LOG", name);
        }
    }
    if (order.effect != Effect::None && order.name == name) {
        obey(order, ++passes);
    }
}

}  // namespace terway

#endif
