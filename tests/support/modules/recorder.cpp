// recorder: a policy module that writes what it is told into the file named by the key `log`:
//     attach|detach|adopt NAMESPACE/POD
//     apply full|difference POD=RULES...
// and into the one named by the key `services`:
//     services full|difference FRONTEND=SERVICE(BACKEND,...)OPTIONS... FRONTEND=gone...
// where RULES are "open", "closed" or the policies in force, with commas; "closed" are those that
// an update denies everything. A frontend is "10.96.0.1:80/6", a backend "10.0.0.1:8080", with a
// "-" behind it if it drains; options are ";affinity=SECONDS" and ";drop". While the file named by
// the key `fail` exists an apply fails.
#include <terway/module.hpp>

#include <arpa/inet.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <mutex>
#include <string>

namespace {

namespace sdk = terway::sdk;

class Recorder final : public sdk::Module, public sdk::Policy, public sdk::Service {
public:
    using Module::Module;

    void configure(sdk::Config& config) override {
        log_ = config.string("log", "");
        services_ = config.string("services", "");
        fail_ = config.string("fail", "");
    }

    void attach_policy(const sdk::Call&, const sdk::EndpointView& endpoint,
                       const twy_attachment&) override {
        note("attach", endpoint, true);
    }
    void detach_policy(const sdk::Call&, const sdk::EndpointView& endpoint) override {
        note("detach", endpoint, false);
    }
    void check_policy(const sdk::Call&, const sdk::EndpointView&, const twy_attachment&) override {}
    void adopt_policy(const sdk::Call&, const sdk::EndpointView& endpoint,
                      const twy_attachment&) override {
        note("adopt", endpoint, true);
    }

    void apply(const sdk::Call&, const twy_policy_update& update) override {
        const std::lock_guard lock(mutex_);
        fail_if_asked();
        std::map<std::string, std::string> said;
        if (update.is_full != 0) {
            for (const auto& [_, pod] : pods_) {
                said[pod] = "closed";
            }
        }
        for (std::size_t i = 0; i < update.gone_endpoint_count; ++i) {
            say(said, update.gone_endpoints[i], "closed");
        }
        for (std::size_t i = 0; i < update.endpoint_count; ++i) {
            say(said, update.endpoints[i]->key, text_of(*update.endpoints[i]));
        }
        std::string line = update.is_full != 0 ? "apply full" : "apply difference";
        for (const auto& [pod, rules] : said) {
            line.append(" ").append(pod).append("=").append(rules);
        }
        write(line);
    }

    void apply_services(const sdk::Call&, const twy_service_update& update) override {
        const std::lock_guard lock(mutex_);
        fail_if_asked();
        std::string line = update.is_full != 0 ? "services full" : "services difference";
        for (std::size_t i = 0; i < update.frontend_count; ++i) {
            line.append(" ").append(text_of(*update.frontends[i]));
        }
        for (std::size_t i = 0; i < update.gone_count; ++i) {
            line.append(" ").append(text_of(update.gone[i])).append("=gone");
        }
        std::ofstream(services_, std::ios::app) << line << "\n";
    }

    twy_policy_counters observe_policy(const sdk::Call&, const sdk::EndpointView&,
                                       const twy_attachment&) override {
        auto counters = sdk::sized<twy_policy_counters>();
        counters.ingress = {7, 3, {}};
        counters.egress = {5, 1, {}};
        return counters;
    }

private:
    void fail_if_asked() const {
        struct stat info {};
        if (!fail_.empty() && ::stat(fail_.c_str(), &info) == 0) {
            throw terway::Error(terway::Status::Internal, "asked to fail");
        }
    }
    static std::string text_of(int family, const std::uint8_t* address, std::uint16_t port) {
        char text[INET6_ADDRSTRLEN] = "";
        (void)::inet_ntop(family == 4 ? AF_INET : AF_INET6, address, text, sizeof text);
        const std::string host = family == 4 ? text : "[" + std::string(text) + "]";
        return host + ":" + std::to_string(port);
    }
    static std::string text_of(const twy_frontend_key& key) {
        return text_of(key.family, key.address, key.port) + "/" + std::to_string(key.protocol);
    }
    static std::string text_of(const twy_frontend& frontend) {
        std::string text = text_of(frontend.key) + "=";
        text.append(sdk::view(frontend.service)).append("(");
        for (std::size_t i = 0; i < frontend.backend_count; ++i) {
            const auto& each = frontend.backends[i];
            text.append(i == 0 ? "" : ",");
            text.append(text_of(frontend.key.family, each.address, each.port));
            text.append(each.state == TWY_BACKEND_DRAINING ? "-" : "");
        }
        text.append(")");
        if (frontend.affinity_seconds != 0) {
            text.append(";affinity=").append(std::to_string(frontend.affinity_seconds));
        }
        return text.append(frontend.without_backends == TWY_DROP ? ";drop" : "");
    }
    static std::string text_of(const twy_endpoint_rules& rules) {
        if (rules.ingress->tier_count + rules.egress->tier_count == 0) {
            return "open";
        }
        std::string text;
        for (std::size_t i = 0; i < rules.policy_count; ++i) {
            text.append(i == 0 ? "" : ",").append(sdk::view(rules.policies[i]));
        }
        return text;
    }
    void say(std::map<std::string, std::string>& said, const twy_endpoint_key& key,
             const std::string& text) const {
        const auto found = pods_.find(std::string(sdk::view(key.container_id)));
        if (found != pods_.end()) {
            said[found->second] = text;
        }
    }
    void note(const char* verb, const sdk::EndpointView& endpoint, bool is_there) {
        const std::lock_guard lock(mutex_);
        const std::string container(endpoint.container_id());
        const auto pod =
            std::string(endpoint.pod_namespace()) + "/" + std::string(endpoint.pod_name());
        if (is_there) {
            pods_[container] = pod;
        } else {
            pods_.erase(container);
        }
        write(std::string(verb) + " " + pod);
    }
    void write(const std::string& line) const {
        std::ofstream(log_, std::ios::app) << line << "\n";
    }

    std::string log_;
    std::string services_;
    std::string fail_;
    std::mutex mutex_;
    std::map<std::string, std::string> pods_;  // by container
};

}  // namespace

TERWAY_MODULE(Recorder, "recorder", "1.0.0");
