// Whatever a peer may write into the socket: a frame, and as payload each kind of message.
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "base/file.hpp"
#include "cni/message.hpp"

namespace {

using namespace terway::cni;

template <class Decode>
void try_to(Decode&& decode) {
    try {
        decode();
    } catch (const terway::Error&) {
        // Refusing is fine, crashing is not.
    }
}

void decode_payload(std::string_view payload) {
    try_to([&] { static_cast<void>(parse_request(decode_invocation(payload))); });
    try_to([&] {
        const auto reply = decode_reply(payload);
        if (!(decode_reply(encode_reply(reply)) == reply)) {
            std::abort();
        }
    });
    try_to([&] {
        const auto reply = decode_ctl_reply(payload);
        if (decode_ctl_reply(encode_ctl_reply(reply)).result != reply.result) {
            std::abort();
        }
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), std::min(size, 65536UL));
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        std::abort();
    }
    Connection receiver{terway::Fd(ends[0])};
    {
        const terway::Fd sender(ends[1]);
        terway::write_all(sender.get(), "fuzz", input);
    }
    const auto deadline = terway::after(std::chrono::seconds(5));
    try_to([&] {
        while (true) {
            decode_payload(receiver.receive(deadline).frame.payload);
        }
    });
    decode_payload(input);
    return 0;
}
