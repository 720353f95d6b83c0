#include "profile/daemon_section.hpp"

#include <sys/un.h>

#include <charconv>
#include <string_view>

#include "base/address.hpp"

namespace terway::profile {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

void read_socket_path(Section& daemon, std::string_view key, std::string& value) {
    const std::string before = value;
    daemon.absolute_path(key, value);
    if (value.size() > kMaxSocketPath) {
        daemon.complain(daemon.take(key, ValueKind::String)->place,
                        std::string(key) + " must have " + std::to_string(kMaxSocketPath) +
                            " bytes at most, for a unix socket's name cannot be longer");
        value = before;
    }
}

// "127.0.0.1:9809", "[::1]:9809".
bool is_address_with_port(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    auto host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    const auto address = IpAddress::parse(host);
    const auto digits = text.substr(colon + 1);
    unsigned port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return address && address->is_v4() != bracketed && error == std::errc{} &&
           end == digits.data() + digits.size() && port >= 1 && port <= 65535;
}

void read_admin(Section& daemon, std::string& value) {
    const Entry* admin = daemon.take("admin", ValueKind::String);
    if (admin == nullptr) {
        return;
    }
    constexpr std::string_view kUnix = "unix:";
    const std::string& text = admin->string;
    const bool is_socket =
        text.starts_with("unix:/") && text.size() - kUnix.size() <= kMaxSocketPath;
    if (!text.empty() && !is_socket && !is_address_with_port(text)) {
        daemon.complain(admin->place,
                        "admin must be \"unix:/path\", an address and port such as "
                        "\"127.0.0.1:9809\", or empty for none");
        return;
    }
    value = text;
}

void read_module_dirs(Section& daemon, std::vector<std::string>& value) {
    const Entry* array = daemon.take("module_dirs", ValueKind::Array);
    if (array == nullptr) {
        return;
    }
    value.clear();
    for (const Entry* item : daemon.strings("module_dirs")) {
        if (item->string.starts_with('/')) {
            value.push_back(item->string);
        } else {
            daemon.complain(item->place, "module_dirs must hold absolute paths only");
        }
    }
}

}  // namespace

void read_daemon(Section& daemon, Daemon& into) {
    read_socket_path(daemon, "socket", into.socket);
    daemon.absolute_path("state_dir", into.state_dir);
    daemon.absolute_path("queue", into.queue);
    read_module_dirs(daemon, into.module_dirs);
    read_admin(daemon, into.admin);
    daemon.integer("add_lane", into.add_lane, 1, 64);
    daemon.integer("del_lane", into.del_lane, 1, 1024);
    daemon.integer("max_requests", into.max_requests, 1, 4096);
    daemon.duration("request_deadline", into.request_deadline, 1s, 10min);
    daemon.duration("module_deadline", into.module_deadline, 100ms, 10min);
    daemon.integer("max_lost_threads", into.max_lost_threads, 1, 1024);
    const auto place = daemon.place_of("module_deadline");
    if (place && into.module_deadline > into.request_deadline) {
        daemon.complain(*place, "module_deadline must not exceed request_deadline");
    }
}

}  // namespace terway::profile
