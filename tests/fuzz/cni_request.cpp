// The environment and standard input of the CNI binary. The input is lines of NAME=VALUE, an empty
// line, and the configuration.
#include <cstdlib>
#include <string_view>

#include "cni/failure.hpp"
#include "cni/message.hpp"
#include "cni/ticket.hpp"

namespace {

using namespace terway::cni;

Invocation split(std::string_view input) {
    Invocation invocation;
    while (!input.empty() && input.front() != '\n') {
        const auto line = input.substr(0, input.find('\n'));
        const auto equals = std::min(line.find('='), line.size());
        const auto value = std::min(equals + 1, line.size());
        invocation.env.insert_or_assign(std::string(line.substr(0, equals)),
                                        std::string(line.substr(value)));
        input.remove_prefix(std::min(line.size() + 1, input.size()));
    }
    invocation.config = input.empty() ? input : input.substr(1);
    return invocation;
}

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto invocation = split({reinterpret_cast<const char*>(data), size});
    try {
        const auto request = parse_request(invocation);
        if (request.verb == Verb::Version) {
            return 0;
        }
        if (request.config.previous) {
            const auto& result = *request.config.previous;
            for (const auto& version : kSupportedVersions) {
                require(Result::parse(result.to_json(version)).ips == result.ips);
            }
            require(Result::parse(result.to_json(kNewestVersion)) == result);
        }
        require(decode_invocation(encode_invocation(invocation)) == invocation);
        require(ticket_file_name(TicketKey::of(request)).size() <= 220);
    } catch (const CniError& error) {
        const auto document = ErrorResult::from(error, "1.1.0").to_json();
        require(
            decode_reply(encode_reply(Reply::failure(ErrorResult::from(error, "1.1.0")))).output ==
            document);
    }
    return 0;
}
