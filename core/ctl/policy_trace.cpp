#include "ctl/policy_trace.hpp"

#include <boost/json.hpp>
#include <iostream>
#include <string_view>

#include "cni/control.hpp"

namespace terway::ctl {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kConnectTime{2};

std::string text(const json::object& object, std::string_view key) {
    const auto* const found = object.if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::string number(const json::object& object, std::string_view key) {
    const auto* const found = object.if_contains(key);
    return found == nullptr ? std::string() : json::serialize(*found);
}

std::string end_of(const json::object& verdict, const std::string& which) {
    const auto pod = text(verdict, which + "_pod");
    const auto address = text(verdict, which);
    const auto port = number(verdict, which + "_port");
    const bool has_port = port != "0" && !port.empty();
    const bool is_v6 = address.find(':') != std::string::npos;
    return (pod.empty() ? "" : pod + " ") + (has_port && is_v6 ? "[" + address + "]" : address) +
           (has_port ? ":" + port : "");
}

}  // namespace

std::string trace_line(const json::object& verdict) {
    if (verdict.contains("lost")) {
        return "(" + number(verdict, "lost") + " more that could not be told)";
    }
    const bool allowed = text(verdict, "verdict") == "allowed";
    return text(verdict, "time") + " " + (allowed ? "ALLOWED" : "DENIED ") + " " +
           (text(verdict, "direction") == "egress" ? "egress " : "ingress") + " " +
           end_of(verdict, "from") + " -> " + end_of(verdict, "to") + " " +
           text(verdict, "protocol");
}

int follow_trace(const std::string& socket, const TraceQuestion& question) {
    const json::object request{
        {"verb", "policy trace"}, {"denied", question.denied_only}, {"pod", question.pod}};
    cni::follow_daemon(socket, json::serialize(request), after(kConnectTime),
                       [&](const std::string& part) {
                           const auto told = json::parse(part).as_object();
                           if (told.contains("listening")) {
                               std::cerr << "terwayctl: listening; Ctrl-C ends" << std::endl;
                           } else if (question.as_json) {
                               std::cout << part << std::endl;
                           } else {
                               std::cout << trace_line(told) << std::endl;
                           }
                       });
}

}  // namespace terway::ctl
