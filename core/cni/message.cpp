#include "cni/message.hpp"

#include <array>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cni/json.hpp"

namespace terway::cni {
namespace {

namespace json = boost::json;

struct StatusName {
    Status status;
    const char* text;
};

constexpr std::array<StatusName, 5> kStatusNames = {{{Status::Invalid, "invalid"},
                                                     {Status::Retry, "retry"},
                                                     {Status::Unsupported, "unsupported"},
                                                     {Status::Gone, "gone"},
                                                     {Status::Internal, "internal"}}};

std::string status_text(Status status) {
    for (const auto& known : kStatusNames) {
        if (known.status == status) {
            return known.text;
        }
    }
    return "internal";
}

Status status_from(std::string_view text) {
    for (const auto& known : kStatusNames) {
        if (text == known.text) {
            return known.status;
        }
    }
    throw Error(Status::Invalid, "error.status: \"" + std::string(text) + "\" is no status");
}

// What a peer sends wrong is no fault of the network configuration.
template <class Read>
auto decode(const char* what, Read&& read) {
    try {
        return read();
    } catch (const Error& error) {
        throw Error(Status::Invalid, std::string(what) + ": " + error.what());
    }
}

bool is_document_or_empty(std::string_view text) {
    if (text.empty()) {
        return true;
    }
    json::error_code failure;
    const auto value = json::parse({text.data(), text.size()}, failure);
    return !failure && value.is_object();
}

}  // namespace

std::string encode_invocation(const Invocation& invocation) {
    json::object env;
    for (const auto& [name, value] : invocation.env) {
        env[name] = value;
    }
    return json::serialize(json::object{{"env", std::move(env)}, {"config", invocation.config}});
}

Invocation decode_invocation(std::string_view payload) {
    return decode("a request", [payload] {
        const auto document = parse_json(payload, "the payload");
        const ObjectReader object(document, "");
        Invocation invocation;
        if (const auto env = object.object("env")) {
            for (const auto& member : env->raw()) {
                const std::string name(member.key().data(), member.key().size());
                invocation.env.emplace(name, env->text(name));
            }
        }
        invocation.config = object.text("config");
        return invocation;
    });
}

Reply Reply::success(const Result& result, const Version& version) {
    return {0, result.to_json(version)};
}

Reply Reply::failure(const ErrorResult& error) {
    return {1, error.to_json()};
}

std::string encode_reply(const Reply& reply) {
    return json::serialize(json::object{{"exit", reply.exit}, {"stdout", reply.output}});
}

Reply decode_reply(std::string_view payload) {
    return decode("a reply", [payload] {
        const auto document = parse_json(payload, "the payload");
        const ObjectReader object(document, "");
        const auto exit = object.number("exit");
        auto output = object.text("stdout");
        if (!exit || *exit > 255) {
            throw Error(Status::Invalid, "exit: not between 0 and 255");
        }
        if (!is_document_or_empty(output)) {
            throw Error(Status::Invalid, "stdout: neither empty nor one JSON document");
        }
        return Reply{static_cast<int>(*exit), std::move(output)};
    });
}

std::string encode_ctl_reply(const CtlReply& reply) {
    json::object document;
    if (reply.error) {
        document["error"] = {{"status", status_text(reply.error->status())},
                             {"text", reply.error->what()}};
    } else {
        document["result"] = parse_json(reply.result, "the result");
    }
    return json::serialize(document);
}

CtlReply decode_ctl_reply(std::string_view payload) {
    return decode("a control reply", [payload] {
        const auto document = parse_json(payload, "the payload");
        const ObjectReader object(document, "");
        CtlReply reply;
        if (const auto error = object.object("error")) {
            reply.error.emplace(status_from(error->text("status")), error->text("text"));
        } else if (const auto* result = object.find("result")) {
            reply.result = json::serialize(*result);
        }
        return reply;
    });
}

}  // namespace terway::cni
