#include "daemon/inspect_service.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <utility>

#include "service/explain.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;
using service::BackendState;
using service::Explanation;
using service::FrontendKey;
using service::ObjectName;

// An answer is one frame.
constexpr std::size_t kMostRows = 15'000;

std::int64_t count(const service::Backends& backends, BackendState state) {
    return std::count_if(backends.begin(), backends.end(),
                         [state](const auto& each) { return each.state == state; });
}

std::optional<ObjectName> parse_name(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size() ||
        text.find('/', slash + 1) != std::string_view::npos) {
        return std::nullopt;
    }
    return ObjectName{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

json::object row(const std::string& name, const std::vector<service::FrontendPtr>& frontends) {
    json::array keys;
    for (const auto& each : frontends) {
        keys.push_back(json::string(each->key.text()));
    }
    // Of the first, which is the cluster IP's unless another Service has that.
    const auto& backends = *frontends.front()->backends;
    return {{"service", name},
            {"frontends", std::move(keys)},
            {"ready", count(backends, BackendState::Ready)},
            {"draining", count(backends, BackendState::Draining)}};
}

json::object describe(const service::ExplainedFrontend& frontend) {
    json::array endpoints;
    for (const auto& each : frontend.endpoints) {
        json::value state;
        if (each.state) {
            state = *each.state == BackendState::Ready ? "ready" : "draining";
        }
        endpoints.push_back(json::object{{"endpoint", service::text_of(each.address, each.port)},
                                         {"node", each.node},
                                         {"state", std::move(state)},
                                         {"reason", each.reason}});
    }
    const bool drops = frontend.without_backends == service::WithoutBackends::Drop;
    return {{"frontend", frontend.key.text()},
            {"origin", std::string(service::name_of(frontend.origin))},
            {"lost_to", frontend.lost_to},
            {"without_backends", drops ? "drop" : "refuse"},
            {"endpoints", std::move(endpoints)}};
}

// With `only`, of that frontend.
json::object describe(const Explanation& all, const std::optional<FrontendKey>& only) {
    json::array ports;
    for (const auto& port : all.ports) {
        json::array frontends;
        for (const auto& each : port.frontends) {
            if (!only || each.key == *only) {
                frontends.push_back(describe(each));
            }
        }
        if (!frontends.empty() || !only) {
            ports.push_back(json::object{{"port", port.text}, {"frontends", std::move(frontends)}});
        }
    }
    json::array remarks;
    for (const auto& each : all.remarks) {
        remarks.push_back(json::string(each));
    }
    return {{"service", all.name.text()},
            {"ignored", all.ignored},
            {"affinity_s", all.affinity_seconds},
            {"internal_traffic", all.is_local ? "Local" : "Cluster"},
            {"publishes_not_ready", all.publishes_not_ready},
            {"ports", std::move(ports)},
            {"remarks", std::move(remarks)}};
}

}  // namespace

void ServiceInspector::require_wanted() const {
    if (!proxy_.is_wanted()) {
        throw Error(Status::Unsupported,
                    "Services are kube-proxy's here; see [service] by in the profile");
    }
}

std::string ServiceInspector::list(std::string_view space) const {
    require_wanted();
    const auto trouble = proxy_.trouble();
    return proxy_.look([&](const ServiceBook& book) {
        // By the text of a Service's port.
        std::map<std::string, std::vector<service::FrontendPtr>> by_port;
        for (const auto& each : book.index().everything().frontends) {
            auto name = each->service.text();
            if (space.empty() || name.substr(0, name.find('/')) == space) {
                by_port[std::move(name)].push_back(each);
            }
        }
        json::array rows;
        for (auto& [name, frontends] : by_port) {
            if (rows.size() < kMostRows) {
                std::stable_sort(frontends.begin(), frontends.end(),
                                 [](auto& a, auto& b) { return a->origin < b->origin; });
                rows.push_back(row(name, frontends));
            }
        }
        json::array modules;
        for (const auto& id : book.modules()) {
            modules.push_back(
                json::object{{"module", id}, {"want", book.wanted()}, {"have", book.had(id)}});
        }
        const auto left_out = by_port.size() - rows.size();
        return json::serialize(json::object{{"synced", book.is_synced()},
                                            {"trouble", trouble},
                                            {"modules", std::move(modules)},
                                            {"services", std::move(rows)},
                                            {"left_out", left_out}});
    });
}

std::string ServiceInspector::explain(std::string_view what) const {
    require_wanted();
    const auto trouble = proxy_.trouble();
    return proxy_.look([&](const ServiceBook& book) {
        const auto key = service::parse_frontend_key(what);
        auto name = key ? std::optional(book.index().owner_of(*key)) : parse_name(what);
        if (!name) {
            throw Error(Status::Invalid,
                        "service explain takes NAMESPACE/NAME or ADDRESS:PORT/PROTO");
        }
        const auto all = service::explain(book.index(), *name);
        if (!all) {
            throw Error(Status::Invalid,
                        std::string(what) +
                            (key ? " is no Service's address and port"
                                 : ": there is no such Service, or it is headless "
                                   "or another proxy's by its labels") +
                            (book.is_synced() ? "" : "; the API server has not told of all yet"));
        }
        auto out = describe(*all, key);
        out["synced"] = book.is_synced();
        out["trouble"] = trouble;
        return json::serialize(out);
    });
}

}  // namespace terway::daemon
