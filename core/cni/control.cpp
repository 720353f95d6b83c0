#include "cni/control.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "cni/message.hpp"
#include "cni/wire.hpp"

namespace terway::cni {

std::string ask_daemon(const std::string& socket, std::string_view verb, Deadline connected,
                       Deadline answered) {
    namespace json = boost::json;
    auto connection = Connection::connect(socket, connected);
    const json::object request{{"verb", json::string_view(verb.data(), verb.size())}};
    connection.send({FrameKind::CtlRequest, json::serialize(request)}, answered);
    auto reply = decode_ctl_reply(connection.receive(answered).frame.payload);
    if (reply.error) {
        throw *reply.error;
    }
    return std::move(reply.result);
}

void follow_daemon(const std::string& socket, const std::string& request, Deadline connected,
                   const std::function<void(const std::string&)>& part) {
    auto connection = Connection::connect(socket, connected);
    connection.send({FrameKind::CtlFollow, request}, connected);
    while (true) {
        const auto frame = connection.receive(Deadline::max()).frame;
        if (frame.kind == FrameKind::CtlPart) {
            part(frame.payload);
            continue;
        }
        const auto reply = decode_ctl_reply(frame.payload);
        throw reply.error ? *reply.error : Error(Status::Gone, "the daemon has no more to tell");
    }
}

}  // namespace terway::cni
