// cri_client SOCKET VERB ARGUMENT...: a kubelet's side of the Container Runtime Interface, as far
// as a test of pod networking needs one. Prints what the runtime answers; its errors go to standard
// error with exit status 1.
//
//   status                              a line for each condition: type, status, reason, message
//   network                             the CNI configuration in use, as JSON
//   run NAME CGROUP [OPTION...]         starts a sandbox, prints its id; options are
//                                       port=HOST:CONTAINER, annotation=KEY=VALUE and uid=UID
//   addresses SANDBOX                   the addresses of a sandbox
//   start SANDBOX NAME IMAGE WORD...    starts a container, prints its id
//   exec CONTAINER WORD...              prints what the command prints, ends with its status
//   stop SANDBOX, remove SANDBOX
//   list                                the ids of all sandboxes
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cri.grpc.pb.h"

namespace {

namespace cri = runtime::v1;
using Words = std::span<const std::string>;

constexpr std::chrono::seconds kPatience{60};

class Runtime {
public:
    explicit Runtime(const std::string& socket)
        : stub_(cri::RuntimeService::NewStub(
              grpc::CreateChannel("unix://" + socket, grpc::InsecureChannelCredentials()))) {}

    template <class Request, class Response>
    Response call(grpc::Status (cri::RuntimeService::StubInterface::*method)(grpc::ClientContext*,
                                                                             const Request&,
                                                                             Response*),
                  const Request& request) {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + kPatience);
        Response response;
        const auto status = ((*stub_).*method)(&context, request, &response);
        if (!status.ok()) {
            throw std::runtime_error(status.error_message());
        }
        return response;
    }

private:
    std::unique_ptr<cri::RuntimeService::StubInterface> stub_;
};

using Service = cri::RuntimeService::StubInterface;

cri::PodSandboxId sandbox(const std::string& id) {
    cri::PodSandboxId made;
    made.set_pod_sandbox_id(id);
    return made;
}

// "a=b" and '=' give {"a", "b"}.
std::pair<std::string, std::string> split(const std::string& text, char separator) {
    const auto at = text.find(separator);
    if (at == std::string::npos) {
        throw std::invalid_argument("\"" + text + "\" lacks a '" + separator + "'");
    }
    return {text.substr(0, at), text.substr(at + 1)};
}

cri::PodSandboxConfig sandbox_config(const std::string& name) {
    cri::PodSandboxConfig config;
    config.mutable_metadata()->set_name(name);
    config.mutable_metadata()->set_uid("uid-of-" + name);
    config.mutable_metadata()->set_namespace_("default");
    config.set_hostname(name);
    return config;
}

int status(Runtime& runtime, Words /*words*/) {
    const auto response = runtime.call(&Service::Status, cri::StatusRequest());
    for (const auto& condition : response.status().conditions()) {
        std::cout << condition.type() << " " << (condition.status() ? "true" : "false") << " "
                  << condition.reason() << " " << condition.message() << "\n";
    }
    return 0;
}

int network(Runtime& runtime, Words /*words*/) {
    cri::StatusRequest request;
    request.set_verbose(true);
    std::cout << runtime.call(&Service::Status, request).info().at("cniconfig") << "\n";
    return 0;
}

int run(Runtime& runtime, Words words) {
    cri::RunPodSandboxRequest request;
    auto& config = *request.mutable_config();
    config = sandbox_config(words[0]);
    config.mutable_linux()->set_cgroup_parent(words[1]);
    for (const auto& word : words.subspan(2)) {
        const auto [key, value] = split(word, '=');
        if (key == "port") {
            const auto [host, container] = split(value, ':');
            auto& port = *config.add_port_mappings();
            port.set_host_port(std::stoi(host));
            port.set_container_port(std::stoi(container));
        } else if (key == "annotation") {
            const auto [name, text] = split(value, '=');
            (*config.mutable_annotations())[name] = text;
        } else if (key == "uid") {
            config.mutable_metadata()->set_uid(value);
        } else {
            throw std::invalid_argument("unknown option \"" + word + "\"");
        }
    }
    std::cout << runtime.call(&Service::RunPodSandbox, request).pod_sandbox_id() << "\n";
    return 0;
}

int addresses(Runtime& runtime, Words words) {
    const auto response = runtime.call(&Service::PodSandboxStatus, sandbox(words[0]));
    const auto& network = response.status().network();
    std::cout << network.ip() << "\n";
    for (const auto& additional : network.additional_ips()) {
        std::cout << additional.ip() << "\n";
    }
    return 0;
}

int start(Runtime& runtime, Words words) {
    cri::CreateContainerRequest request;
    request.set_pod_sandbox_id(words[0]);
    auto& config = *request.mutable_config();
    config.mutable_metadata()->set_name(words[1]);
    config.mutable_image()->set_image(words[2]);
    for (const auto& word : words.subspan(3)) {
        config.add_command(word);
    }
    *request.mutable_sandbox_config() = sandbox_config(words[1]);
    const auto id = runtime.call(&Service::CreateContainer, request);
    (void)runtime.call(&Service::StartContainer, id);
    std::cout << id.container_id() << "\n";
    return 0;
}

int exec(Runtime& runtime, Words words) {
    cri::ExecSyncRequest request;
    request.set_container_id(words[0]);
    for (const auto& word : words.subspan(1)) {
        request.add_cmd(word);
    }
    request.set_timeout(20);
    const auto response = runtime.call(&Service::ExecSync, request);
    std::cout << response.out();
    std::cerr << response.err();
    return response.exit_code();
}

int stop(Runtime& runtime, Words words) {
    (void)runtime.call(&Service::StopPodSandbox, sandbox(words[0]));
    return 0;
}

int remove(Runtime& runtime, Words words) {
    (void)runtime.call(&Service::RemovePodSandbox, sandbox(words[0]));
    return 0;
}

int list(Runtime& runtime, Words /*words*/) {
    for (const auto& item : runtime.call(&Service::ListPodSandbox, cri::Nothing()).items()) {
        std::cout << item.id() << "\n";
    }
    return 0;
}

struct Verb {
    int (*run)(Runtime&, Words);
    std::size_t words;  // it needs at least
};

const std::map<std::string, Verb> kVerbs{
    {"status", {status, 0}},       {"network", {network, 0}}, {"run", {run, 2}},
    {"addresses", {addresses, 1}}, {"start", {start, 4}},     {"exec", {exec, 2}},
    {"stop", {stop, 1}},           {"remove", {remove, 1}},   {"list", {list, 0}},
};

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto verb = words.size() < 2 ? kVerbs.end() : kVerbs.find(words[1]);
    if (verb == kVerbs.end() || words.size() - 2 < verb->second.words) {
        std::cerr << "usage: cri_client SOCKET VERB ARGUMENT...; the verbs are in cri_client.cpp\n";
        return 2;
    }
    try {
        Runtime runtime(words[0]);
        return verb->second.run(runtime, Words(words).subspan(2));
    } catch (const std::exception& error) {
        std::cerr << "cri_client " << words[1] << ": " << error.what() << "\n";
        return 1;
    }
}
