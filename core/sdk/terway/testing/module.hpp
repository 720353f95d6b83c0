// A module loaded and driven as a daemon would, with failures as exceptions.
#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>

#include "terway/abi.h"
#include "terway/error.hpp"
#include "terway/testing/config_table.hpp"
#include "terway/testing/endpoint.hpp"
#include "terway/testing/eni.hpp"
#include "terway/testing/host.hpp"
#include "terway/types.hpp"

namespace terway::sdk::testing {

// The descriptor of a shared object, which stays loaded for the life of the process. Throws Error:
// Invalid when it is no module, Unsupported when it was built for another contract.
[[nodiscard]] inline const twy_module& load_module(const std::string& path) {
    // dlopen looks a bare name up in the library path.
    const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
    void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        throw Error(Status::Invalid, std::string("cannot load ") + ::dlerror());
    }
    const auto* found = static_cast<const twy_module*>(::dlsym(handle, "terway_module"));
    if (found == nullptr || found->magic != TWY_MAGIC) {
        throw Error(Status::Invalid, path + ": no terway module (no symbol terway_module)");
    }
    const bool match = TWY_ABI_MAJOR == 0
                           ? found->abi_major == 0 && found->abi_minor == TWY_ABI_MINOR
                           : found->abi_major == TWY_ABI_MAJOR;
    if (!match) {
        throw Error(Status::Unsupported,
                    path + ": needs terway ABI " + std::to_string(found->abi_major) + "." +
                        std::to_string(found->abi_minor) + ", this is " +
                        std::to_string(TWY_ABI_MAJOR) + "." + std::to_string(TWY_ABI_MINOR));
    }
    return *found;
}

// One instance. Each verb's put_state lands in the endpoint it was called with, so that the next
// verb is given it. The host outlives it.
class ModuleUnderTest {
public:
    ModuleUnderTest(const twy_module& module, FakeHost& host) : module_(module), host_(host) {
        run([&](twy_error* reterr) { return module_.create(&host.api(), &instance_, reterr); });
    }
    ModuleUnderTest(const std::string& path, FakeHost& host)
        : ModuleUnderTest(load_module(path), host) {}
    ~ModuleUnderTest() { module_.destroy(instance_); }
    ModuleUnderTest(const ModuleUnderTest&) = delete;
    ModuleUnderTest& operator=(const ModuleUnderTest&) = delete;

    void configure(const ConfigTable& table = {}) {
        const FakeHost::TableView shown(host_, table);
        run([&](twy_error* reterr) { return module_.configure(instance_, shown.raw(), reterr); });
    }
    void preflight() {
        run([&](twy_error* reterr) { return module_.preflight(instance_, reterr); });
    }
    // `addresses` are the node's own, host prefixes.
    void start(std::span<const twy_prefix> pod_cidrs = {},
               std::span<const twy_prefix> addresses = {}) {
        auto node = sized<twy_node>();
        node.addresses = addresses.data();
        node.address_count = addresses.size();
        node.pod_cidrs = pod_cidrs.data();
        node.pod_cidr_count = pod_cidrs.size();
        run([&](twy_error* reterr) { return module_.start(instance_, &node, reterr); });
    }
    void purge() {
        run([&](twy_error* reterr) { return module_.purge(instance_, reterr); });
    }

    twy_attachment attach(EndpointBuilder& endpoint) { return make(endpoint, dataplane().attach); }
    void activate(EndpointBuilder& endpoint, const twy_attachment& made) {
        verb(endpoint, dataplane().activate, &made);
    }
    void detach(EndpointBuilder& endpoint) { verb(endpoint, dataplane().detach); }
    void check(EndpointBuilder& endpoint) { verb(endpoint, dataplane().check); }
    twy_attachment adopt(EndpointBuilder& endpoint) { return make(endpoint, dataplane().adopt); }

    void prepare_eni(const EniBuilder& eni_of) { verb(eni_of, eni().prepare); }
    void check_eni(const EniBuilder& eni_of) { verb(eni_of, eni().check); }
    void forget_eni(const EniBuilder& eni_of) { verb(eni_of, eni().forget); }

    void attach_qos(EndpointBuilder& endpoint, const twy_attachment& made) {
        verb(endpoint, qos().attach, &made);
    }
    void detach_qos(EndpointBuilder& endpoint) { verb(endpoint, qos().detach); }
    void check_qos(EndpointBuilder& endpoint, const twy_attachment& made) {
        verb(endpoint, qos().check, &made);
    }
    void adopt_qos(EndpointBuilder& endpoint, const twy_attachment& made) {
        verb(endpoint, qos().adopt, &made);
    }

    twy_limits observe_qos(EndpointBuilder& endpoint, const twy_attachment& made) {
        auto limits = sized<twy_limits>();
        verb(endpoint, qos().observe, &made, &limits);
        return limits;
    }

    void attach_policy(EndpointBuilder& endpoint, const twy_attachment& made) {
        verb(endpoint, policy().attach, &made);
    }
    void detach_policy(EndpointBuilder& endpoint) { verb(endpoint, policy().detach); }
    void check_policy(EndpointBuilder& endpoint, const twy_attachment& made) {
        verb(endpoint, policy().check, &made);
    }
    void adopt_policy(EndpointBuilder& endpoint, const twy_attachment& made) {
        verb(endpoint, policy().adopt, &made);
    }
    void apply(const twy_policy_update& update) {
        FakeHost::Operation operation(host_);
        run([&](twy_error* reterr) {
            return policy().apply(instance_, operation.raw(), &update, reterr);
        });
    }
    twy_policy_counters observe_policy(EndpointBuilder& endpoint, const twy_attachment& made) {
        auto counters = sized<twy_policy_counters>();
        FakeHost::Operation operation(host_);
        const twy_endpoint raw = endpoint.raw();
        run([&](twy_error* reterr) {
            return policy().observe(instance_, operation.raw(), &raw, &made, &counters, reterr);
        });
        return counters;
    }

    void apply_services(const twy_service_update& update) {
        FakeHost::Operation operation(host_);
        run([&](twy_error* reterr) {
            return service().apply(instance_, operation.raw(), &update, reterr);
        });
    }

    [[nodiscard]] bool can_trace() const {
        return TWY_HAS(&policy(), trace) && policy().trace != nullptr;
    }
    // Until `sink` answers false. It is given null when nothing happened.
    void trace_policy(const std::function<bool(const twy_policy_verdict*)>& sink) {
        FakeHost::Operation operation(host_);
        const auto forward = [](void* arg, const twy_policy_verdict* verdict) -> std::int32_t {
            using Sink = std::function<bool(const twy_policy_verdict*)>;
            return (*static_cast<const Sink*>(arg))(verdict) ? 0 : 1;
        };
        void* arg = const_cast<void*>(static_cast<const void*>(&sink));
        run([&](twy_error* reterr) {
            return policy().trace(instance_, operation.raw(), forward, arg, reterr);
        });
    }

    [[nodiscard]] bool offers(const char* id) const {
        return module_.interface(instance_, id) != nullptr;
    }
    // The vtables themselves; Error(Unsupported) if the module has no such interface.
    [[nodiscard]] const twy_dataplane& dataplane() const {
        return table<twy_dataplane>(TWY_DATAPLANE);
    }
    [[nodiscard]] const twy_eni_verbs& eni() const { return table<twy_eni_verbs>(TWY_ENI); }
    [[nodiscard]] const twy_qos& qos() const { return table<twy_qos>(TWY_QOS); }
    [[nodiscard]] const twy_policy& policy() const { return table<twy_policy>(TWY_POLICY); }
    [[nodiscard]] const twy_service& service() const { return table<twy_service>(TWY_SERVICE); }
    [[nodiscard]] const twy_module& module() const noexcept { return module_; }
    [[nodiscard]] twy_instance* instance() const noexcept { return instance_; }

private:
    template <class Body>
    static void run(Body&& body) {
        auto error = sized<twy_error>();
        const twy_status status = body(&error);
        if (status != TWY_OK) {
            throw Error(static_cast<Status>(status), error.message, error.sys_errno);
        }
    }
    template <class Function, class... Attachment>
    void verb(EndpointBuilder& endpoint, Function* function, Attachment... attachment) {
        FakeHost::Operation operation(host_);
        const twy_endpoint raw = endpoint.raw();
        run([&](twy_error* reterr) {
            return function(instance_, operation.raw(), &raw, attachment..., reterr);
        });
        if (operation.state()) {
            endpoint.state(*operation.state());
        }
    }
    template <class Function>
    void verb(const EniBuilder& eni_of, Function* function) {
        FakeHost::Operation operation(host_);
        const twy_eni raw = eni_of.raw();
        run([&](twy_error* reterr) { return function(instance_, operation.raw(), &raw, reterr); });
    }
    template <class Function>
    twy_attachment make(EndpointBuilder& endpoint, Function* function) {
        auto made = sized<twy_attachment>();
        verb(endpoint, function, &made);
        return made;
    }
    template <class Table>
    [[nodiscard]] const Table& table(const char* id) const {
        const void* found = module_.interface(instance_, id);
        if (found == nullptr) {
            throw Error(Status::Unsupported,
                        std::string("module ") + module_.id + " does not offer " + id);
        }
        return *static_cast<const Table*>(found);
    }

    const twy_module& module_;
    FakeHost& host_;
    twy_instance* instance_ = nullptr;
};

}  // namespace terway::sdk::testing
