// A loaded module: the C descriptor behind typed calls that throw Error.
//
// The shared object stays mapped until the process ends, whatever happens to the Module: code that
// threads, handlers and thread-local destructors may still need is never unmapped.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/host_api.hpp"
#include "host/probe.hpp"
#include "profile/diagnostic.hpp"
#include "profile/profile.hpp"
#include "terway/abi.h"

namespace terway::host {

// The order of calls is configure, preflight, start, verbs; all here are [serial]: one at a time.
// The verbs of the vtables go through the Gate and nowhere else.
class Module {
public:
    // Maps the file, compares the descriptor with what probe read, and creates the instance. Throws
    // Error if the file is not the one probed any more, does not load, contradicts its ELF note, or
    // lacks a verb of an interface it claims.
    [[nodiscard]] static std::unique_ptr<Module> load(const ProbedModule& probed);
    // Destroys the instance. Not while a thread is still inside the module: a daemon with lost
    // calls exits without it.
    ~Module();
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    [[nodiscard]] const std::string& id() const noexcept { return identity_.id; }
    [[nodiscard]] const std::string& version() const noexcept { return identity_.version; }
    [[nodiscard]] const ModuleIdentity& identity() const noexcept { return identity_; }
    [[nodiscard]] std::vector<std::string> requirements() const;

    // Complaints land in `diagnostics`, with their place; a module that fails without any gets one
    // at the place of its table. True if there was none.
    [[nodiscard]] bool configure(const profile::Table& table, profile::Diagnostics& diagnostics);
    // The three throw Error "module <id>: <verb>: <text>".
    void preflight();
    void start(const twy_node& node);
    void purge();

    // What the gate needs to call a verb. The vtables are null if the module does not offer that
    // interface; if not null, every verb of version 1 is there.
    [[nodiscard]] twy_instance* instance() const noexcept { return instance_; }
    [[nodiscard]] const twy_dataplane* dataplane() const noexcept { return dataplane_; }
    [[nodiscard]] const twy_eni_verbs* eni() const noexcept { return eni_; }
    [[nodiscard]] const twy_qos* qos() const noexcept { return qos_; }
    [[nodiscard]] const twy_policy* policy() const noexcept { return policy_; }
    [[nodiscard]] const twy_service* service() const noexcept { return service_; }

private:
    Module(const twy_module& descriptor, ModuleIdentity identity);
    void find_interfaces();

    const twy_module& descriptor_;
    ModuleIdentity identity_;
    std::unique_ptr<HostApi> api_;
    twy_instance* instance_ = nullptr;
    const twy_dataplane* dataplane_ = nullptr;
    const twy_eni_verbs* eni_ = nullptr;
    const twy_qos* qos_ = nullptr;
    const twy_policy* policy_ = nullptr;
    const twy_service* service_ = nullptr;
};

// Finds, probes, admits and loads a module for every place it fills in the profile's chain. One
// that fills none, because only an old endpoint's record names it, is searched in module_dirs.
// Throws Error.
[[nodiscard]] std::unique_ptr<Module> load_from_profile(const profile::Profile& profile,
                                                        const std::string& id,
                                                        Trust trust = Trust::RootOnly);

}  // namespace terway::host
