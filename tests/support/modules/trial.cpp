// trial: a QoS and policy module that does nothing, or what the container id asks for:
// "<effect>-<verb>", such as "hang-attach" or "crash-detach", anywhere in it. Effects:
//   hang    waits until the file named by the key `release` exists
//   throw   throws what is no std::exception
//   fail    throws an Error(Internal)
//   crash   raises SIGSEGV
// Each attach of limits is a line in the file named by the key `log`: the pod, bit/s to and from
// it.
#include <terway/module.hpp>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace {

namespace sdk = terway::sdk;

class Trial final : public sdk::Module, public sdk::Qos, public sdk::Policy {
public:
    using Module::Module;

    void configure(sdk::Config& config) override {
        release_ = config.string("release", "");
        log_ = config.string("log", "");
    }

    void attach_qos(const sdk::Call&, const sdk::EndpointView& endpoint,
                    const twy_attachment&) override {
        behave(endpoint, "attach");
        if (!log_.empty()) {
            std::ofstream(log_, std::ios::app)
                << endpoint.pod_name() << " " << endpoint.ingress_bps() << " "
                << endpoint.egress_bps() << "\n";
        }
    }
    void detach_qos(const sdk::Call&, const sdk::EndpointView& endpoint) override {
        behave(endpoint, "detach");
    }
    void check_qos(const sdk::Call&, const sdk::EndpointView& endpoint,
                   const twy_attachment&) override {
        behave(endpoint, "check");
    }
    void adopt_qos(const sdk::Call&, const sdk::EndpointView& endpoint,
                   const twy_attachment&) override {
        behave(endpoint, "adopt");
    }

    twy_limits observe_qos(const sdk::Call&, const sdk::EndpointView& endpoint,
                           const twy_attachment&) override {
        behave(endpoint, "observe");
        auto limits = sdk::sized<twy_limits>();
        limits.ingress = {endpoint.ingress_bps(), 3000, 2, 1, 1500, {}, "trial"};
        limits.egress = {endpoint.egress_bps(), 0, 0, 0, 0, {}, "trial"};
        return limits;
    }

    void attach_policy(const sdk::Call&, const sdk::EndpointView&, const twy_attachment&) override {
    }
    void detach_policy(const sdk::Call&, const sdk::EndpointView&) override {}
    void check_policy(const sdk::Call&, const sdk::EndpointView&, const twy_attachment&) override {}
    void adopt_policy(const sdk::Call&, const sdk::EndpointView&, const twy_attachment&) override {}
    void apply(const sdk::Call&, const twy_policy_update&) override {}
    twy_policy_counters observe_policy(const sdk::Call&, const sdk::EndpointView&,
                                       const twy_attachment&) override {
        return sdk::sized<twy_policy_counters>();
    }

private:
    void behave(const sdk::EndpointView& endpoint, const std::string& verb) const {
        const auto asked = [&](const std::string& effect) {
            return endpoint.container_id().find(effect + "-" + verb) != std::string_view::npos;
        };
        if (asked("hang")) {
            struct stat info {};
            while (::stat(release_.c_str(), &info) != 0) {
                ::usleep(5'000);
            }
        }
        if (asked("throw")) {
            throw 42;
        }
        if (asked("fail")) {
            throw terway::Error(terway::Status::Internal, "asked to fail");
        }
        if (asked("crash")) {
            ::raise(SIGSEGV);
        }
    }

    std::string release_;
    std::string log_;
};

}  // namespace

TERWAY_MODULE(Trial, "trial", "1.0.0");
