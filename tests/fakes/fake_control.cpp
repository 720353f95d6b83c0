#include "fakes/fake_control.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "cni/message.hpp"
#include "cni/wire.hpp"
#include "terway/error.hpp"

namespace terway::fakes {
namespace {

using std::chrono::seconds;

Fd listen_at(const std::string& path) {
    ::unlink(path.c_str());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd.get(), 8) != 0) {
        throw system_error("listen at " + path, errno);
    }
    return fd;
}

}  // namespace

FakeControl::FakeControl(const std::string& path, std::string answer)
    : path_(path),
      listener_(listen_at(path)),
      answer_(std::move(answer)),
      thread_([this] { serve(); }) {}

FakeControl::~FakeControl() {
    ::unlink(path_.c_str());
    (void)::shutdown(listener_.get(), SHUT_RDWR);
}

void FakeControl::say(std::string answer) {
    const MutexLock lock(mutex_);
    answer_ = std::move(answer);
    questions_ = 0;
}

int FakeControl::questions() const {
    const MutexLock lock(mutex_);
    return questions_;
}

void FakeControl::serve() {
    while (Fd stream{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)}) {
        try {
            cni::Connection connection(std::move(stream));
            (void)connection.receive(after(seconds(5)));
            cni::CtlReply reply;
            {
                const MutexLock lock(mutex_);
                reply.result = answer_;
                ++questions_;
            }
            connection.send({cni::FrameKind::CtlReply, cni::encode_ctl_reply(reply)},
                            after(seconds(5)));
        } catch (const Error&) {
            continue;  // a client that has gone
        }
    }
}

}  // namespace terway::fakes
