#include "udp_flood.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/netns.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

std::string run(int netns_fd, const std::string& command) {
    const NetnsScope scope(netns_fd);
    FILE* const pipe = ::popen((command + " 2>&1").c_str(), "re");
    std::string out;
    std::array<char, 1024> chunk{};
    while (pipe != nullptr && std::fgets(chunk.data(), chunk.size(), pipe) != nullptr) {
        out += chunk.data();
    }
    if (pipe == nullptr || ::pclose(pipe) != 0) {
        throw Error(Status::Internal, command + ": " + out);
    }
    return out;
}

}  // namespace

Arrivals::Arrivals(int netns_fd) : netns_fd_(netns_fd) {
    run(netns_fd,
        "nft 'table inet seen {\ncounter open { }\ncounter shut { }\nchain in {\n"
        "type filter hook prerouting priority 0\nudp dport 80 counter name open drop\n"
        "udp dport 81 counter name shut drop\n}\n}'");
}

std::uint64_t Arrivals::read(const std::string& counter) const {
    const auto text = run(netns_fd_, "nft list counter inet seen " + counter);
    const auto at = text.find("packets ");
    return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + 8, nullptr, 10);
}

Flood::Flood(int netns_fd, const IpAddress& source, const IpAddress& to)
    : socket_(netns_fd, source, 4000), thread_([this, to](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
              socket_.send(to, kShutPort, "denied");
              socket_.send(to, kOpenPort, "allowed");
              sent_.fetch_add(1);
          }
      }) {}

std::uint64_t Flood::stop() {
    thread_.request_stop();
    thread_.join();
    return sent();
}

}  // namespace terway::test
