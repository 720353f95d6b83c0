// terway/module.hpp -- write a module in C++20; this header turns it into the C contract of abi.h.
//
// Derive from Module and from one or more of Dataplane, Qos and Policy (a Dataplane also
// from Eni if its pods may have addresses of ENIs, a Policy also from Service if it translates
// Services), and end one source file with
//     TERWAY_MODULE(Type, "com.example.thing", "1.0.0", "kernel>=4.19", "netdev:veth");
// Whatever a verb throws becomes a status and a message; nothing else crosses the contract.
#pragma once

#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <type_traits>

#include "terway/abi.h"
#include "terway/config.hpp"
#include "terway/error.hpp"
#include "terway/types.hpp"

namespace terway::sdk {

// What every module has. The thread tags are those of abi.h.
class Module {
public:
    explicit Module(const twy_host& host) noexcept : host_(host), log_(host) {}
    virtual ~Module() = default;
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    // Reads the module's table; no side effect. Unknown keys are refused by the wrapper. [serial]
    virtual void configure(Config& config) = 0;
    // Throws what this node lacks beyond the declared requirements. Reads only. [serial]
    virtual void preflight() {}
    // Ensures what all endpoints share. [serial]
    virtual void start(const twy_node& /*node*/) {}
    // Removes what start made. [serial]
    virtual void purge() {}

    [[nodiscard]] const twy_host& host() const noexcept { return host_; }

protected:
    [[nodiscard]] const Log& log() const noexcept { return log_; }

private:
    const twy_host& host_;
    Log log_;
};

// See twy_dataplane. All [request].
class Dataplane {
public:
    virtual ~Dataplane() = default;
    virtual twy_attachment attach(const Call&, const EndpointView&) = 0;
    virtual void activate(const Call&, const EndpointView&, const twy_attachment&) = 0;
    virtual void detach(const Call&, const EndpointView&) = 0;
    virtual void check(const Call&, const EndpointView&) = 0;
    virtual twy_attachment adopt(const Call&, const EndpointView&) = 0;
};

// See twy_eni_verbs. All [request]. For a Dataplane whose pods may have addresses of ENIs.
class Eni {
public:
    virtual ~Eni() = default;
    virtual void prepare_eni(const Call&, const EniView&) = 0;
    virtual void check_eni(const Call&, const EniView&) = 0;
    virtual void forget_eni(const Call&, const EniView&) = 0;
};

// See twy_qos. All [request].
class Qos {
public:
    virtual ~Qos() = default;
    virtual void attach_qos(const Call&, const EndpointView&, const twy_attachment&) = 0;
    virtual void detach_qos(const Call&, const EndpointView&) = 0;
    virtual void check_qos(const Call&, const EndpointView&, const twy_attachment&) = 0;
    virtual void adopt_qos(const Call&, const EndpointView&, const twy_attachment&) = 0;
    virtual twy_limits observe_qos(const Call&, const EndpointView&, const twy_attachment&) = 0;
};

// See twy_policy. All [request].
class Policy {
public:
    virtual ~Policy() = default;
    virtual void attach_policy(const Call&, const EndpointView&, const twy_attachment&) = 0;
    virtual void detach_policy(const Call&, const EndpointView&) = 0;
    virtual void check_policy(const Call&, const EndpointView&, const twy_attachment&) = 0;
    virtual void adopt_policy(const Call&, const EndpointView&, const twy_attachment&) = 0;
    virtual void apply(const Call&, const twy_policy_update&) = 0;
    virtual twy_policy_counters observe_policy(const Call&, const EndpointView&,
                                               const twy_attachment&) = 0;
};

// See twy_policy.trace: for a Policy that can tell what its rules say. [request]
class PolicyTrace {
public:
    // False when nobody wants to hear any more. Null: nothing happened.
    using Sink = std::function<bool(const twy_policy_verdict*)>;

    virtual ~PolicyTrace() = default;
    virtual void trace_policy(const Call&, const Sink&) = 0;
};

// See twy_service: for a Policy that translates Services, too. [request]
class Service {
public:
    virtual ~Service() = default;
    virtual void apply_services(const Call&, const twy_service_update&) = 0;
};

// Runs `body`; whatever it throws becomes a status and a message in `reterr`.
template <class Body>
twy_status guarded(twy_error* reterr, Body&& body) noexcept {
    const auto fail = [reterr](twy_status status, int sys_errno, const char* what) {
        if (reterr != nullptr && TWY_HAS(reterr, message)) {
            reterr->sys_errno = sys_errno;
            std::strncpy(reterr->message, what, sizeof reterr->message - 1);
            reterr->message[sizeof reterr->message - 1] = '\0';
        }
        return status;
    };
    try {
        body();
        return TWY_OK;
    } catch (const Error& error) {
        return fail(static_cast<twy_status>(error.status()), error.sys_errno(), error.what());
    } catch (const std::exception& error) {
        return fail(TWY_INTERNAL, 0, error.what());
    } catch (...) {
        return fail(TWY_INTERNAL, 0, "something that is no std::exception was thrown");
    }
}

// The thunks between the C contract and T.
template <class T>
struct Export {
    static_assert(std::is_base_of_v<Module, T>, "a module derives from terway::sdk::Module");
    static_assert(std::is_base_of_v<Dataplane, T> || std::is_base_of_v<Qos, T> ||
                      std::is_base_of_v<Policy, T>,
                  "a module derives from Dataplane, Qos or Policy");
    static_assert(std::is_base_of_v<Dataplane, T> || !std::is_base_of_v<Eni, T>,
                  "a module that derives from Eni is a Dataplane");
    static_assert(std::is_base_of_v<Policy, T> || !std::is_base_of_v<PolicyTrace, T>,
                  "a module that derives from PolicyTrace is a Policy");
    static_assert(std::is_base_of_v<Policy, T> || !std::is_base_of_v<Service, T>,
                  "a module that derives from Service is a Policy");

    static T& self(twy_instance* instance) { return *reinterpret_cast<T*>(instance); }

    // One thunk for all verbs that take a call, an endpoint and perhaps an attachment.
    template <auto Verb, class... Args>
    static twy_status verb(twy_instance* instance, twy_call* call, const twy_endpoint* endpoint,
                           Args... args, twy_error* reterr) {
        return guarded(reterr, [&] {
            T& module = self(instance);
            (module.*Verb)(Call(module.host(), call), EndpointView(*endpoint), *args...);
        });
    }
    template <auto Verb>
    static twy_status making_verb(twy_instance* instance, twy_call* call,
                                  const twy_endpoint* endpoint, twy_attachment* ret,
                                  twy_error* reterr) {
        return guarded(reterr, [&] {
            T& module = self(instance);
            give(*ret, (module.*Verb)(Call(module.host(), call), EndpointView(*endpoint)));
        });
    }

    template <auto Verb>
    static twy_status eni_verb(twy_instance* instance, twy_call* call, const twy_eni* eni,
                               twy_error* reterr) {
        return guarded(reterr, [&] {
            T& module = self(instance);
            (module.*Verb)(Call(module.host(), call), EniView(*eni));
        });
    }

    static const void* dataplane() {
        if constexpr (std::is_base_of_v<Dataplane, T>) {
            static constexpr twy_dataplane kTable{
                sizeof(twy_dataplane),           0,
                making_verb<&Dataplane::attach>, verb<&Dataplane::activate, const twy_attachment*>,
                verb<&Dataplane::detach>,        verb<&Dataplane::check>,
                making_verb<&Dataplane::adopt>};
            return &kTable;
        } else {
            return nullptr;
        }
    }
    static const void* eni() {
        if constexpr (std::is_base_of_v<Eni, T>) {
            static constexpr twy_eni_verbs kTable{
                sizeof(twy_eni_verbs), 0, eni_verb<&Eni::prepare_eni>, eni_verb<&Eni::check_eni>,
                eni_verb<&Eni::forget_eni>};
            return &kTable;
        } else {
            return nullptr;
        }
    }
    template <auto Verb, class Ret>
    static twy_status observe(twy_instance* instance, twy_call* call, const twy_endpoint* endpoint,
                              const twy_attachment* attachment, Ret* ret, twy_error* reterr) {
        return guarded(reterr, [&] {
            T& module = self(instance);
            give(*ret,
                 (module.*Verb)(Call(module.host(), call), EndpointView(*endpoint), *attachment));
        });
    }
    static const void* qos() {
        if constexpr (std::is_base_of_v<Qos, T>) {
            static constexpr twy_qos kTable{sizeof(twy_qos),
                                            0,
                                            verb<&Qos::attach_qos, const twy_attachment*>,
                                            verb<&Qos::detach_qos>,
                                            verb<&Qos::check_qos, const twy_attachment*>,
                                            verb<&Qos::adopt_qos, const twy_attachment*>,
                                            observe<&Qos::observe_qos, twy_limits>};
            return &kTable;
        } else {
            return nullptr;
        }
    }
    static const void* policy() {
        if constexpr (std::is_base_of_v<Policy, T>) {
            static constexpr twy_policy kTable{
                sizeof(twy_policy),
                0,
                verb<&Policy::attach_policy, const twy_attachment*>,
                verb<&Policy::detach_policy>,
                verb<&Policy::check_policy, const twy_attachment*>,
                verb<&Policy::adopt_policy, const twy_attachment*>,
                apply,
                observe<&Policy::observe_policy, twy_policy_counters>,
                tracer()};
            return &kTable;
        } else {
            return nullptr;
        }
    }
    using Tracer = twy_status (*)(twy_instance*, twy_call*, twy_verdict_sink, void*, twy_error*);
    static constexpr Tracer tracer() {
        if constexpr (std::is_base_of_v<PolicyTrace, T>) {
            return trace;
        } else {
            return nullptr;
        }
    }
    static twy_status trace(twy_instance* instance, twy_call* call, twy_verdict_sink sink,
                            void* sink_arg, twy_error* reterr) {
        return guarded(reterr, [&] {
            T& module = self(instance);
            module.trace_policy(Call(module.host(), call), [&](const twy_policy_verdict* verdict) {
                return sink(sink_arg, verdict) == 0;
            });
        });
    }
    static twy_status apply(twy_instance* instance, twy_call* call, const twy_policy_update* update,
                            twy_error* reterr) {
        return guarded(reterr, [&] {
            T& module = self(instance);
            module.apply(Call(module.host(), call), *update);
        });
    }

    static const void* service() {
        if constexpr (std::is_base_of_v<Service, T>) {
            static constexpr twy_service kTable{sizeof(twy_service), 0, apply_services};
            return &kTable;
        } else {
            return nullptr;
        }
    }
    static twy_status apply_services(twy_instance* instance, twy_call* call,
                                     const twy_service_update* update, twy_error* reterr) {
        return guarded(reterr, [&] {
            T& module = self(instance);
            module.apply_services(Call(module.host(), call), *update);
        });
    }

    static twy_status create(const twy_host* host, twy_instance** ret, twy_error* reterr) {
        return guarded(reterr, [&] {
            *ret = reinterpret_cast<twy_instance*>(std::make_unique<T>(*host).release());
        });
    }
    static void destroy(twy_instance* instance) { delete reinterpret_cast<T*>(instance); }
    static twy_status configure(twy_instance* instance, const twy_table* table, twy_error* reterr) {
        return guarded(reterr, [&] {
            Config config(self(instance).host(), table);
            self(instance).configure(config);
            config.finish();
        });
    }
    static twy_status preflight(twy_instance* instance, twy_error* reterr) {
        return guarded(reterr, [&] { self(instance).preflight(); });
    }
    static twy_status start(twy_instance* instance, const twy_node* node, twy_error* reterr) {
        return guarded(reterr, [&] { self(instance).start(*node); });
    }
    static twy_status purge(twy_instance* instance, twy_error* reterr) {
        return guarded(reterr, [&] { self(instance).purge(); });
    }
    static const void* interface(twy_instance* /*instance*/, const char* id) {
        if (std::strcmp(id, TWY_DATAPLANE) == 0) {
            return dataplane();
        }
        if (std::strcmp(id, TWY_QOS) == 0) {
            return qos();
        }
        if (std::strcmp(id, TWY_POLICY) == 0) {
            return policy();
        }
        if (std::strcmp(id, TWY_ENI) == 0) {
            return eni();
        }
        if (std::strcmp(id, TWY_SERVICE) == 0) {
            return service();
        }
        return nullptr;
    }
};

// Identity of a module, readable without running any of its code (docs/module-abi.md, "ELF note").
// A plain aggregate, so that every compiler puts it into a read-only section.
struct ElfNote {
    std::uint32_t owner_size;
    std::uint32_t body_size;
    std::uint32_t type;
    char owner[8];
    std::uint32_t magic;
    std::uint16_t abi_major;
    std::uint16_t abi_minor;
    std::uint32_t kinds;  // bit 0 dataplane, 1 QoS, 2 policy, 3 ENIs, 4 Services
    char id[48];
    char version[48];
};

template <std::size_t IdSize, std::size_t VersionSize>
constexpr ElfNote elf_note(std::uint32_t kinds, const char (&id)[IdSize],
                           const char (&version)[VersionSize]) {
    static_assert(IdSize <= 48 && VersionSize <= 48, "id and version have 47 bytes at most");
    ElfNote note{sizeof TWY_NOTE_OWNER,
                 108,
                 TWY_NOTE_TYPE,
                 TWY_NOTE_OWNER,
                 TWY_MAGIC,
                 TWY_ABI_MAJOR,
                 TWY_ABI_MINOR,
                 kinds,
                 {},
                 {}};
    for (std::size_t i = 0; i < IdSize; ++i) {
        note.id[i] = id[i];
    }
    for (std::size_t i = 0; i < VersionSize; ++i) {
        note.version[i] = version[i];
    }
    return note;
}

template <class T>
inline constexpr std::uint32_t kKinds = (std::is_base_of_v<Dataplane, T> ? 1U : 0U) |
                                        (std::is_base_of_v<Qos, T> ? 2U : 0U) |
                                        (std::is_base_of_v<Policy, T> ? 4U : 0U) |
                                        (std::is_base_of_v<Eni, T> ? 8U : 0U) |
                                        (std::is_base_of_v<Service, T> ? 16U : 0U);

}  // namespace terway::sdk

// Exports Type (constructible from const twy_host&) as the module of this shared object. The
// trailing arguments are its requirements.
#define TERWAY_MODULE(Type, Id, Version, ...)                                           \
    namespace {                                                                         \
    __attribute__((used, section(TWY_NOTE_SECTION),                                     \
                   aligned(4))) constexpr terway::sdk::ElfNote terway_note =            \
        terway::sdk::elf_note(terway::sdk::kKinds<Type>, Id, Version);                  \
    constexpr const char* terway_requirements[] = {__VA_ARGS__ __VA_OPT__(, ) nullptr}; \
    }                                                                                   \
    extern "C" __attribute__((visibility("default")))                                   \
    const twy_module terway_module = {TWY_MAGIC,                                        \
                                      TWY_ABI_MAJOR,                                    \
                                      TWY_ABI_MINOR,                                    \
                                      sizeof(twy_module),                               \
                                      0,                                                \
                                      Id,                                               \
                                      Version,                                          \
                                      terway_requirements,                              \
                                      terway::sdk::Export<Type>::create,                \
                                      terway::sdk::Export<Type>::destroy,               \
                                      terway::sdk::Export<Type>::configure,             \
                                      terway::sdk::Export<Type>::preflight,             \
                                      terway::sdk::Export<Type>::start,                 \
                                      terway::sdk::Export<Type>::purge,                 \
                                      terway::sdk::Export<Type>::interface}
