#include "kube/client.hpp"

#include <algorithm>
#include <utility>

namespace terway::kube {
namespace {

// What is behind '?' is of no interest to people.
std::string title(const Call& call) {
    return call.method + " " + call.target.substr(0, call.target.find('?'));
}

}  // namespace

template <class Exchange>
void Client::succeed(const std::string& title, Exchange exchange) {
    http::Response response;
    try {
        response = exchange();
    } catch (const http::TransportError& error) {
        throw http::TransportError(error.failure(), title + ": " + error.what());
    } catch (const Error& error) {
        throw error.within(title);
    }
    if (response.status < 200 || response.status > 299) {
        throw ApiError(
            title, read_refusal(response.status, response.body, response.header("retry-after")));
    }
}

void Client::send(const Call& call, const Patience& patience) {
    succeed(title(call), [&] { return session_.send(call, patience.stop, patience.deadline); });
}

template <class Object>
std::optional<Object> Client::get(const Key& key, const Patience& patience, bool is_any_version) {
    Call call;
    call.target =
        object_path(path_of<Object>(key.space), key) + (is_any_version ? "?resourceVersion=0" : "");
    const auto shape = Shape::object(members_of<Object>());
    ObjectSink<Object> sink(words_, annotations_);
    JsonReader reader(shape, sink);
    try {
        succeed(title(call), [&] {
            return session_.stream(
                call.target, [&](std::string_view bytes) { reader.feed(bytes); }, call.timeout,
                patience.stop, std::min(patience.deadline, after(call.timeout)));
        });
    } catch (const ApiError& error) {
        if (error.code() == 404 && error.refusal().reason == "NotFound") {
            return std::nullopt;
        }
        throw;
    }
    auto object = sink.take();
    if (reader.documents() != 1 || object.meta.name != key.name) {
        throw Error(Status::Internal, title(call) + ": the answer is not " +
                                          std::string(Kind<Object>::kName) + " \"" + key.name +
                                          "\"");
    }
    return object;
}

std::string Client::object_path(const std::string& kind_path, const Key& key) {
    for (const auto& part : {key.name, key.space}) {
        if (part == "." || part == "..") {
            throw Error(Status::Invalid, "\"" + part + "\" names no Kubernetes object");
        }
    }
    if (key.name.empty()) {
        throw Error(Status::Invalid, "a Kubernetes object without a name");
    }
    return kind_path + "/" + http::percent_encode(key.name);
}

void Client::patch(const std::string& path, Patch how, const std::string& body,
                   const Patience& patience) {
    Call call;
    call.method = "PATCH";
    call.target = path + "?fieldManager=terway";
    call.content_type = how == Patch::Merge ? "application/merge-patch+json"
                                            : "application/strategic-merge-patch+json";
    call.body = body;
    send(call, patience);
}

void Client::patch_event(std::string_view space, std::string_view name, const std::string& body,
                         const Patience& patience) {
    patch("/api/v1/namespaces/" + http::percent_encode(space) + "/events/" +
              http::percent_encode(name),
          Patch::Merge, body, patience);
}

void Client::create_event(std::string_view space, const std::string& body,
                          const Patience& patience) {
    Call call;
    call.method = "POST";
    call.target = "/api/v1/namespaces/" + http::percent_encode(space) + "/events";
    call.content_type = "application/json";
    call.body = body;
    send(call, patience);
}

template std::optional<Pod> Client::get(const Key&, const Patience&, bool);
template std::optional<Node> Client::get(const Key&, const Patience&, bool);
template std::optional<Namespace> Client::get(const Key&, const Patience&, bool);

}  // namespace terway::kube
