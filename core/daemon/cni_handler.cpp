#include "daemon/cni_handler.hpp"

#include <chrono>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "cni/failure.hpp"
#include "cni/request.hpp"

namespace terway::daemon {
namespace {

Netns sandbox(const cni::Request& request, Fd fd) {
    if (!fd) {
        throw cni::CniError(cni::Code::InvalidNetns,
                            "CNI_NETNS " + request.netns + " came without a namespace");
    }
    return with_context(request.netns, [&] { return Netns::adopt(std::move(fd)); });
}

double seconds_since(Deadline begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

cni::Reply add(endpoint::Manager& manager, const cni::Request& request, Fd netns_fd,
               const endpoint::Operation& operation, const AddListener& listener) {
    const auto begin = Clock::now();
    const auto result = manager.add(request, sandbox(request, std::move(netns_fd)), operation);
    if (listener.connected) {
        listener.connected(request, result, seconds_since(begin));
    }
    return cni::Reply::success(result, request.config.cni_version);
}

cni::Reply dispatch(endpoint::Manager& manager, const cni::Request& request, Fd netns_fd,
                    const endpoint::Operation& operation, const AddListener& listener) {
    switch (request.verb) {
        case cni::Verb::Add:
            return add(manager, request, std::move(netns_fd), operation, listener);
        case cni::Verb::Del:
            manager.del(request, netns_fd.get(), operation);
            return cni::Reply::done();
        case cni::Verb::Check:
            manager.check(request, sandbox(request, std::move(netns_fd)), operation);
            return cni::Reply::done();
        case cni::Verb::Gc:
            manager.gc(request, operation);
            return cni::Reply::done();
        case cni::Verb::Status:
            manager.status();
            return cni::Reply::done();
        case cni::Verb::Version:
            break;
    }
    throw Error(Status::Invalid, "VERSION is answered by the CNI binary");
}

void account(Metrics& metrics, const std::string& verb, unsigned code, double seconds) {
    metrics
        .counter("terway_cni_requests_total", "CNI requests by verb and error code, 0 for success",
                 {{"verb", verb}, {"code", std::to_string(code)}})
        .increment();
    metrics.histogram("terway_cni_seconds", "Time from request to answer", {{"verb", verb}})
        .observe(seconds);
}

std::string pod_of(const cni::Request& request) {
    return request.args.pod_name.empty() ? ""
                                         : request.args.pod_namespace + "/" + request.args.pod_name;
}

}  // namespace

cni::Reply handle_cni(endpoint::Manager& manager, Metrics& metrics,
                      const cni::Invocation& invocation, Fd netns_fd,
                      const endpoint::Operation& operation, const AddListener& listener) {
    const auto begin = Clock::now();
    const auto seconds = [begin] { return seconds_since(begin); };
    const auto request = cni::parse_request(invocation);
    const std::string verb(cni::text_of(request.verb));
    const endpoint::EndpointKey key{request.container_id, request.ifname};
    std::optional<log::Scope> endpoint_scope;
    if (!request.container_id.empty()) {
        endpoint_scope.emplace(log::Fields{{"endpoint", key.text()}, {"pod", pod_of(request)}});
    }
    std::optional<log::Scope> trace_scope;
    if (!request.traceparent.empty()) {
        trace_scope.emplace(log::Fields{{"traceparent", request.traceparent}});
    }
    try {
        auto reply = dispatch(manager, request, std::move(netns_fd), operation, listener);
        account(metrics, verb, 0, seconds());
        const auto level = request.verb == cni::Verb::Status ? log::Level::Debug : log::Level::Info;
        log::write(level, "done", {{"verb", verb}, {"ms", seconds() * 1e3}});
        return reply;
    } catch (const Error& error) {
        const auto told = cni::ErrorResult::from(error, "");
        account(metrics, verb, static_cast<unsigned>(told.code), seconds());
        log::warning("refused", {{"verb", verb},
                                 {"code", static_cast<unsigned>(told.code)},
                                 {"ms", seconds() * 1e3},
                                 {"reason", error.what()}});
        if (request.verb == cni::Verb::Add && listener.refused) {
            listener.refused(request, error.what());
        }
        throw;
    }
}

}  // namespace terway::daemon
