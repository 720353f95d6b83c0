// Frames on the unix stream socket between a client (the CNI binary, terwayctl) and the daemon.
//
// A frame is a 16-byte little-endian header and a payload:
//
//     0  magic     "TWY1"
//     4  version   u16, kWireVersion
//     6  kind      u16, FrameKind
//     8  length    u32, bytes of payload, at most kMaxPayload
//    12  flags     u32, bit 0: one descriptor rides on the first byte; other bits are zero
//
// Errors, the same for every function here, told apart by status:
//     Gone      nobody listens, or the peer closed or reset the connection
//     Retry     the deadline passed (ETIMEDOUT) or the system is short of something
//     Invalid   the peer does not speak this protocol, or this version of it
//     Internal  another system call failed
// After an error the connection is of no more use.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace terway::cni {

inline constexpr std::uint16_t kWireVersion = 1;
inline constexpr std::size_t kHeaderSize = 16;
inline constexpr std::size_t kMaxPayload = 4U << 20U;

enum class FrameKind : std::uint16_t {
    CniRequest = 1,  // message.hpp: Invocation
    CniReply = 2,    // message.hpp: Reply
    CtlRequest = 3,  // a JSON object with "verb"
    CtlReply = 4,    // message.hpp: CtlReply
    CtlFollow = 5,   // as CtlRequest; answered by CtlParts until the client goes, or by a CtlReply
    CtlPart = 6,     // a JSON object
};

struct Frame {
    FrameKind kind = FrameKind::CniRequest;
    std::string payload;

    bool operator==(const Frame&) const = default;
};

struct Received {
    Frame frame;
    Fd fd;  // owned; empty if the sender sent none
};

struct Header {
    FrameKind kind = FrameKind::CniRequest;
    std::uint32_t length = 0;
    bool carries_fd = false;

    bool operator==(const Header&) const = default;
};

using HeaderBytes = std::array<unsigned char, kHeaderSize>;

[[nodiscard]] HeaderBytes encode_header(const Header& header) noexcept;
// Throws Error(Invalid): magic, version, kind, flags or length are not as above.
[[nodiscard]] Header decode_header(const HeaderBytes& bytes);

// Who is at the other end, as of connect time.
struct Peer {
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
};

// One end of a connected stream. Owned by one thread.
class Connection {
public:
    // Takes over a connected unix stream socket, such as accept4() returns.
    explicit Connection(Fd stream) noexcept : stream_(std::move(stream)) {}
    // Waits for room in the listener's backlog until the deadline.
    [[nodiscard]] static Connection connect(const std::string& path, Deadline deadline);

    // `fd` is lent: the peer gets a duplicate. -1 sends none. Throws Error(Invalid) if the payload
    // is larger than kMaxPayload.
    void send(const Frame& frame, Deadline deadline, int fd = -1);
    // Waits for one whole frame.
    [[nodiscard]] Received receive(Deadline deadline);

    [[nodiscard]] Peer peer() const;
    // Whether a little can be sent without waiting for the peer; waits for it until then.
    [[nodiscard]] bool can_send(Deadline deadline) const noexcept;
    // Whether the peer is gone, so that nobody waits for the answer. Does not block.
    [[nodiscard]] bool closed_by_peer() const noexcept;
    [[nodiscard]] int fd() const noexcept { return stream_.get(); }

private:
    Fd stream_;
};

}  // namespace terway::cni
