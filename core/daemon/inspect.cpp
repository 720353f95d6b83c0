#include "daemon/inspect.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <map>

#include "daemon/describe.hpp"
#include "daemon/preflight.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;

std::string kinds_text(const host::ModuleIdentity& identity) {
    std::string text;
    for (const auto kind : {host::Kind::Dataplane, host::Kind::Eni, host::Kind::Qos,
                            host::Kind::Policy, host::Kind::Service}) {
        if (identity.offers(kind)) {
            text += (text.empty() ? "" : ", ") + std::string(host::kind_name(kind));
        }
    }
    return text;
}

}  // namespace

std::string Inspector::handle(const std::string& payload, const endpoint::Operation& operation) {
    boost::system::error_code error;
    const auto parsed = json::parse(payload, error);
    const auto* object = error ? nullptr : parsed.if_object();
    const auto* verb = object == nullptr ? nullptr : object->if_contains("verb");
    if (verb == nullptr || !verb->is_string()) {
        throw Error(Status::Invalid, "a control request is a JSON object with a \"verb\"");
    }
    const std::string name(verb->get_string());
    if (name == "status") {
        return status();
    }
    if (name == "endpoints") {
        return endpoints(operation);
    }
    if (name == "modules") {
        return modules();
    }
    if (name == "preflight") {
        return preflight();
    }
    if (name == "check") {
        return check(operation);
    }
    if (name == "pool") {
        return cloud_.pool();
    }
    if (name == "mapping") {
        return cloud_.mapping(operation);
    }
    if (name == "metadata") {
        return cloud_.metadata(operation);
    }
    if (name == "cloud calls") {
        return cloud_.calls();
    }
    if (name == "cloud routes") {
        return cloud_.routes();
    }
    if (name == "policy list") {
        return policy_.list();
    }
    if (name == "policy counters") {
        return policy_.counters(operation);
    }
    if (constexpr std::string_view kExplain = "policy explain "; name.starts_with(kExplain)) {
        return policy_.explain(std::string_view(name).substr(kExplain.size()));
    }
    if (name == "service list") {
        return service_.list("");
    }
    if (constexpr std::string_view kList = "service list "; name.starts_with(kList)) {
        return service_.list(std::string_view(name).substr(kList.size()));
    }
    if (constexpr std::string_view kExplain = "service explain "; name.starts_with(kExplain)) {
        return service_.explain(std::string_view(name).substr(kExplain.size()));
    }
    throw Error(Status::Invalid, "unknown control verb \"" + name + "\"");
}

std::string Inspector::status() {
    std::map<std::string, std::size_t> by_state;
    for (const auto& record : parts_.manager.records()) {
        ++by_state[std::string(endpoint::name_of(record.state))];
    }
    json::object states;
    for (const auto* state : {"adding", "ready", "deleting"}) {
        states[state] = by_state[state];
    }
    std::string trouble;
    try {
        parts_.manager.status();
    } catch (const Error& error) {
        trouble = error.what();
    }
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started_);
    return json::serialize(json::object{{"version", TERWAY_VERSION},
                                        {"profile", parts_.profile.name},
                                        {"profile_file", parts_.profile.file},
                                        {"uptime_s", uptime.count()},
                                        {"ready", trouble.empty()},
                                        {"trouble", trouble},
                                        {"endpoints", states},
                                        {"fallbacks", describe(parts_.fallbacks)},
                                        {"pool", describe(parts_.pool.picture())},
                                        {"lost_calls", parts_.gate.lost()}});
}

std::string Inspector::endpoints(const endpoint::Operation& operation) {
    auto limits = parts_.limits.look(operation);
    json::array all;
    for (const auto& record : parts_.manager.records()) {
        auto object = describe(record);
        const auto found = limits.find(record.key());
        object["limits"] = found == limits.end() ? json::value() : json::value(found->second);
        all.push_back(std::move(object));
    }
    return json::serialize(all);
}

std::string Inspector::modules() const {
    json::array all;
    for (const auto& [id, module] : parts_.modules) {
        const auto& identity = module->identity();
        all.push_back(json::object{{"id", id},
                                   {"version", module->version()},
                                   {"kinds", kinds_text(identity)},
                                   {"abi", std::to_string(identity.abi_major) + "." +
                                               std::to_string(identity.abi_minor)}});
    }
    return json::serialize(all);
}

std::string Inspector::preflight() {
    const MutexLock lock(preflight_mutex_);
    json::array all;
    for (const auto& result : daemon::preflight(parts_.modules)) {
        for (const auto& row : result.rows) {
            all.push_back(json::object{{"module", result.module},
                                       {"need", row.need},
                                       {"met", row.met},
                                       {"found", row.found},
                                       {"fix", row.fix}});
        }
    }
    return json::serialize(all);
}

std::string Inspector::check(const endpoint::Operation& operation) {
    json::array all;
    for (const auto& record : parts_.manager.records()) {
        std::string trouble;
        if (record.state != endpoint::EndpointState::Ready) {
            trouble = "is " + std::string(endpoint::name_of(record.state));
        } else {
            try {
                parts_.manager.check_record(record, operation);
            } catch (const Error& error) {
                trouble = error.what();
            }
        }
        all.push_back(json::object{{"container_id", record.key().container_id},
                                   {"ifname", record.key().ifname},
                                   {"pod_namespace", record.spec.pod_namespace},
                                   {"pod_name", record.spec.pod_name},
                                   {"ok", trouble.empty()},
                                   {"trouble", trouble}});
    }
    return json::serialize(all);
}

}  // namespace terway::daemon
