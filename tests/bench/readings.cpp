#include "readings.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>

#include "base/fd.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr int kUserTime = 14;  // as proc(5) counts; the system's is the next

}  // namespace

double cpu_seconds_of(const std::string& stat) {
    // The second field is a name in parentheses, which may have spaces of its own.
    const auto name_end = stat.rfind(')');
    if (name_end != std::string::npos) {
        std::istringstream fields(stat.substr(name_end + 1));
        std::string skipped;
        for (int field = 3; field < kUserTime; ++field) {
            fields >> skipped;
        }
        double user = 0;
        double system = 0;
        if (fields >> user >> system) {
            return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
        }
    }
    throw Error(Status::Internal, "the kernel does not tell a process's times");
}

double mib_of(const std::string& status, const std::string& field) {
    const auto at = status.find("\n" + field + ":");
    if (at == std::string::npos) {
        throw Error(Status::Internal, "the kernel does not tell " + field);
    }
    return std::stod(status.substr(at + field.size() + 2)) / 1024;
}

std::optional<double> metric_of(const std::string& page, const std::string& name,
                                const std::string& label) {
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        const auto end = line.find_last_of(' ');
        if (line.starts_with(name + "{") && end != std::string::npos &&
            line.substr(0, end).find(label) != std::string::npos) {
            return std::stod(line.substr(end + 1));
        }
    }
    return std::nullopt;
}

std::string fetch_page(const std::string& socket, const std::string& target) {
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.copy(address.sun_path, sizeof address.sun_path - 1);
    if (!fd ||
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw system_error("connect to " + socket, errno);
    }
    const std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        throw system_error("ask " + socket, errno);
    }
    std::string answer;
    std::array<char, 16384> some;
    for (ssize_t got = 0; (got = ::recv(fd.get(), some.data(), some.size(), 0)) > 0;) {
        answer.append(some.data(), static_cast<std::size_t>(got));
    }
    return answer;
}

}  // namespace terway::bench
