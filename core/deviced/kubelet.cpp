#include "deviced/kubelet.hpp"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <string_view>

#include "deviced/plugin.hpp"
#include "terway/error.hpp"

namespace terway::deviced {
namespace {

// A new one each time: gRPC would make one that failed wait before it connects again.
std::shared_ptr<grpc::Channel> channel_to(const std::string& socket) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    return grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(),
                                     arguments);
}

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text, std::size_t longest) {
    return !text.empty() && text.size() <= longest && is_letter_or_digit(text.front()) &&
           is_letter_or_digit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
               return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
           });
}

}  // namespace

void register_with(const std::string& socket, const Registration& registration, Deadline deadline) {
    v1beta1::RegisterRequest request;
    request.set_version(kApiVersion);
    request.set_endpoint(registration.endpoint);
    request.set_resource_name(registration.resource);
    *request.mutable_options() = plugin_options();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + left(deadline));
    v1beta1::Empty reply;
    const auto stub = v1beta1::Registration::NewStub(channel_to(socket));
    const auto status = stub->Register(&context, request, &reply);
    if (status.ok()) {
        return;
    }
    const bool passing = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    throw Error(passing ? Status::Retry : Status::Invalid,
                "kubelet at " + socket + ": " + status.error_message());
}

bool is_resource_name(const std::string& name) {
    const auto slash = name.find('/');
    return slash != std::string::npos && is_name(std::string_view(name).substr(0, slash), 253) &&
           is_name(std::string_view(name).substr(slash + 1), 63) &&
           name.find("kubernetes.io/") == std::string::npos;
}

}  // namespace terway::deviced
