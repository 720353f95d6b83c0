#include "cni/client.hpp"

#include <algorithm>

#include "cni/failure.hpp"
#include "cni/ticket.hpp"
#include "cni/wire.hpp"

namespace terway::cni {
namespace {

Reply exchange(const Invocation& invocation, const Request& request, int netns_fd,
               const Patience& patience) {
    auto connection =
        Connection::connect(request.config.socket, std::min(patience.connect, patience.answer));
    try {
        connection.send({FrameKind::CniRequest, encode_invocation(invocation)}, patience.answer,
                        netns_fd);
    } catch (const Error& error) {
        // A daemon that refuses may answer without reading, and hang up: its answer is still there.
        if (error.status() != Status::Gone) {
            throw;
        }
    }
    const auto received = connection.receive(patience.answer);
    if (received.frame.kind != FrameKind::CniReply) {
        throw Error(Status::Invalid,
                    "the peer breaks the wire protocol: no reply to a CNI request");
    }
    return decode_reply(received.frame.payload);
}

Reply unserved(const Request& request, const Error& reason) {
    const auto code = request.verb == Verb::Status ? Code::NotAvailable : Code::TryAgainLater;
    const CniError error(code, std::string("the terway daemon gives no answer: ") + reason.what(),
                         "see whether terwayd runs on this node and what it logs");
    return Reply::failure(ErrorResult::from(error, request.config.cni_version.text()));
}

// The daemon may have come up after the first attempt and before the ticket was there, and have
// looked for tickets in between. So once there is a ticket we knock again.
Reply leave_ticket(const Invocation& invocation, const Request& request, int netns_fd,
                   const Patience& patience) {
    TicketQueue queue(request.config.queue);
    queue.write(invocation);
    try {
        auto reply = exchange(invocation, request, netns_fd, patience);
        queue.remove(TicketKey::of(request));
        return reply;
    } catch (const Error&) {
        return Reply::done();
    }
}

}  // namespace

Reply deliver(const Invocation& invocation, const Request& request, int netns_fd,
              const Patience& patience) {
    try {
        return exchange(invocation, request, netns_fd, patience);
    } catch (const Error& error) {
        if (request.verb != Verb::Del || error.status() != Status::Gone) {
            return unserved(request, error);
        }
        try {
            return leave_ticket(invocation, request, netns_fd, patience);
        } catch (const Error& no_ticket) {
            return unserved(request, no_ticket.within(error.what()));
        }
    }
}

}  // namespace terway::cni
