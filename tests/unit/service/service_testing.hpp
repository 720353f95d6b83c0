// Services and slices put together by hand, and frontends as text.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/index.hpp"

namespace terway::service {

[[nodiscard]] inline IpAddress ip(const std::string& text) {
    return IpAddress::parse(text).value();
}

class ServiceMaker {
public:
    explicit ServiceMaker(const std::string& name, const std::string& space = "shop") {
        made_.meta.space = kube::Word(space);
        made_.meta.name = kube::Word(name);
        made_.created = kube::Word("2024-05-01T12:00:00Z");
    }
    ServiceMaker& at(const std::string& cluster_ip) {
        made_.cluster_ips.push_back(ip(cluster_ip));
        return *this;
    }
    ServiceMaker& port(std::uint16_t number, const std::string& name = "",
                       Protocol protocol = Protocol::Tcp, std::uint16_t node_port = 0) {
        made_.ports.push_back({kube::Word(name), protocol, number, node_port});
        return *this;
    }
    ServiceMaker& external(const std::string& address) {
        made_.external_ips.push_back(ip(address));
        return *this;
    }
    ServiceMaker& balanced_at(const std::string& address) {
        made_.balancer_ips.push_back(ip(address));
        return *this;
    }
    ServiceMaker& created(const std::string& time) {
        made_.created = kube::Word(time);
        return *this;
    }
    ServiceMaker& affinity(std::uint32_t seconds) {
        made_.affinity_seconds = seconds;
        return *this;
    }
    ServiceMaker& local() {
        made_.is_local = true;
        return *this;
    }
    [[nodiscard]] kube::Service& raw() { return made_; }
    operator Index::ServicePtr() const {  // NOLINT(google-explicit-constructor)
        return std::make_shared<const kube::Service>(made_);
    }

private:
    kube::Service made_;
};

class SliceMaker {
public:
    SliceMaker(const std::string& name, const std::string& service, Family family = Family::V4,
               const std::string& space = "shop") {
        made_.meta.space = kube::Word(space);
        made_.meta.name = kube::Word(name);
        made_.service = kube::Word(service);
        made_.family = family;
    }
    SliceMaker& port(std::uint16_t number, const std::string& name = "",
                     Protocol protocol = Protocol::Tcp) {
        made_.ports.push_back({kube::Word(name), protocol, number});
        return *this;
    }
    SliceMaker& ready(const std::string& address, const std::string& node = "") {
        return add(address, node, true, true, false);
    }
    SliceMaker& not_ready(const std::string& address, const std::string& node = "") {
        return add(address, node, false, false, false);
    }
    SliceMaker& terminating(const std::string& address, bool is_serving,
                            const std::string& node = "") {
        return add(address, node, false, is_serving, true);
    }
    SliceMaker& for_zones(const std::string& zones) {
        made_.endpoints.back().zones = kube::Word(zones);
        return *this;
    }
    SliceMaker& for_nodes(const std::string& nodes) {
        made_.endpoints.back().nodes = kube::Word(nodes);
        return *this;
    }
    operator SlicePtr() const {  // NOLINT(google-explicit-constructor)
        return std::make_shared<const kube::EndpointSlice>(made_);
    }

private:
    SliceMaker& add(const std::string& address, const std::string& node, bool is_ready,
                    bool is_serving, bool is_terminating) {
        made_.endpoints.push_back(
            {ip(address), is_ready, is_serving, is_terminating, kube::Word(node), {}, {}});
        return *this;
    }

    kube::EndpointSlice made_;
};

// "10.0.0.1:8080 10.0.0.2:8080-": with a "-" those that drain.
[[nodiscard]] inline std::string text_of(const Backends& backends) {
    std::string text;
    for (const auto& each : backends) {
        text += (text.empty() ? "" : " ") + text_of(each.address, each.port) +
                (each.state == BackendState::Draining ? "-" : "");
    }
    return text;
}

// "10.96.0.1:80/TCP shop/web: 10.0.0.1:8080", with "drop" and "affinity N" where that holds.
[[nodiscard]] inline std::string text_of(const Frontend& frontend) {
    return frontend.key.text() + " " + frontend.service.text() + ": " +
           text_of(*frontend.backends) +
           (frontend.without_backends == WithoutBackends::Drop ? " drop" : "") +
           (frontend.affinity_seconds == 0
                ? ""
                : " affinity " + std::to_string(frontend.affinity_seconds));
}

// One string each; "gone 10.96.0.1:80/TCP" of what is gone.
[[nodiscard]] inline std::vector<std::string> texts_of(const Update& update) {
    std::vector<std::string> all;
    for (const auto& each : update.frontends) {
        all.push_back(text_of(*each));
    }
    for (const auto& each : update.gone) {
        all.push_back("gone " + each.text());
    }
    return all;
}

}  // namespace terway::service
