// terway-bench-floor: a CNI plugin that does nothing but what the kernel must be asked to do. The
// number of the pod comes as the container id.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kernel_objects.hpp"

namespace {

int refuse(const char* what, int error) {
    std::printf(R"({"cniVersion":"1.0.0","code":999,"msg":"%s: %s"})", what, std::strerror(error));
    return 1;
}

}  // namespace

int main() {
    using namespace terway::bench;
    char input[16384];
    while (::read(STDIN_FILENO, input, sizeof input) > 0) {
    }
    const char* path = std::getenv("CNI_NETNS");
    const char* id = std::getenv("CNI_CONTAINERID");
    if (path == nullptr || id == nullptr) {
        return refuse("CNI_NETNS and CNI_CONTAINERID", EINVAL);
    }
    const auto number = static_cast<unsigned>(std::atoi(id));
    const int netns = ::open(path, O_RDONLY | O_CLOEXEC);
    if (netns < 0) {
        return refuse(path, errno);
    }
    Lane lane;
    Outcome outcome = open_lane(lane);
    if (outcome.error == 0) {
        outcome = make_pod(lane, number, netns);
    }
    if (outcome.error != 0) {
        return refuse(outcome.step, outcome.error);
    }
    const unsigned address = kFloorNetwork + number;
    std::printf(R"({"cniVersion":"1.0.0","interfaces":[{"name":"eth0","sandbox":"%s"}],)"
                R"("ips":[{"address":"%u.%u.%u.%u/32","interface":0}]})",
                path, address >> 24U, address >> 16U & 255U, address >> 8U & 255U, address & 255U);
    return 0;
}
