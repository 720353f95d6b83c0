#include "host/module.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/dll/shared_library.hpp>

#include "base/mutex.hpp"
#include "host/verb.hpp"
#include "terway/error.hpp"
#include "terway/types.hpp"

namespace terway::host {
namespace {

namespace dll = boost::dll;

// Every library ever loaded. Never destroyed, so that nothing is ever unmapped.
class Registry {
public:
    static Registry& instance() {
        static auto* const registry = new Registry;
        return *registry;
    }
    // The descriptor of the library, which stays valid for good.
    const twy_module& keep(dll::shared_library library) {
        const MutexLock lock(mutex_);
        libraries_.push_back(std::move(library));
        return libraries_.back().get<const twy_module>("terway_module");
    }

private:
    Mutex mutex_;
    std::vector<dll::shared_library> libraries_ TERWAY_GUARDED_BY(mutex_);
};

dll::shared_library open_library(const std::string& path) {
    // An error code would only say "bad file descriptor"; what dlopen had to say is in the
    // exception.
    try {
        dll::shared_library library(path, dll::load_mode::rtld_now | dll::load_mode::rtld_local);
        if (library.has("terway_module")) {
            return library;
        }
    } catch (const std::exception& failure) {
        throw Error(Status::Invalid, path + ": " + failure.what());
    }
    throw Error(Status::Invalid, path + ": exports no terway_module");
}

// The path was checked before the loader opens it by name again: it must still be the same file.
// Only root could have changed it meanwhile (every directory above is root's), so this catches an
// upgrade in progress, not an attack; and loading by name rather than through /proc/self/fd keeps
// the names in backtraces true.
void require_same_file(const ProbedModule& probed) {
    struct stat opened {};
    struct stat named {};
    if (::fstat(probed.file.get(), &opened) != 0 || ::stat(probed.path.c_str(), &named) != 0) {
        throw system_error(probed.path, errno);
    }
    if (opened.st_dev != named.st_dev || opened.st_ino != named.st_ino ||
        opened.st_mtim.tv_sec != named.st_mtim.tv_sec ||
        opened.st_mtim.tv_nsec != named.st_mtim.tv_nsec) {
        throw Error(Status::Retry, probed.path + ": replaced while it was being loaded");
    }
}

// Members up to `interface` belong to ABI 0.1.
void compare_with_note(const twy_module& descriptor, const ProbedModule& probed) {
    const auto refuse = [&](const std::string& text) {
        throw Error(Status::Invalid, probed.path + ": " + text);
    };
    const auto& identity = probed.identity;
    if (descriptor.magic != TWY_MAGIC) {
        refuse("its descriptor has the wrong magic number");
    }
    if (descriptor.abi_major != identity.abi_major || descriptor.abi_minor != identity.abi_minor) {
        refuse("its descriptor and its ELF note name different ABI versions");
    }
    if (!TWY_HAS(&descriptor, interface)) {
        refuse("its descriptor is too short");
    }
    if (descriptor.id == nullptr || identity.id != descriptor.id) {
        refuse("its descriptor and its ELF note name different ids");
    }
    if (descriptor.version == nullptr || identity.version != descriptor.version) {
        refuse("its descriptor and its ELF note name different versions");
    }
    if (descriptor.create == nullptr || descriptor.destroy == nullptr ||
        descriptor.configure == nullptr || descriptor.preflight == nullptr ||
        descriptor.start == nullptr || descriptor.purge == nullptr ||
        descriptor.interface == nullptr) {
        refuse("its descriptor lacks a function");
    }
}

// Calls a [serial] function and throws what it answers.
template <class Verb>
void serial(const std::string& context, Verb&& verb) {
    const Answer answer = run_verb(std::forward<Verb>(verb));
    if (!answer.ok()) {
        throw answer.as_error(context);
    }
}

template <class Table>
const Table* require_verbs(const void* found, bool claimed, const std::string& context,
                           std::initializer_list<std::size_t> verb_offsets) {
    const auto* table = static_cast<const Table*>(found);
    if ((table != nullptr) != claimed) {
        throw Error(Status::Invalid,
                    context + (claimed ? "announced in its ELF note but not offered"
                                       : "offered but not announced in its ELF note"));
    }
    if (table == nullptr) {
        return nullptr;
    }
    for (const auto offset : verb_offsets) {
        void (*verb)() = nullptr;
        if (table->size >= offset + sizeof verb) {
            std::memcpy(&verb, reinterpret_cast<const char*>(table) + offset, sizeof verb);
        }
        if (verb == nullptr) {
            throw Error(Status::Invalid, context + "lacks a verb");
        }
    }
    return table;
}

}  // namespace

std::unique_ptr<Module> Module::load(const ProbedModule& probed) {
    // Not even a constructor of a module for another ABI may run.
    admit(probed, {probed.identity.id, {}, std::nullopt});
    auto library = open_library(probed.path);
    require_same_file(probed);
    const twy_module& descriptor = Registry::instance().keep(std::move(library));
    compare_with_note(descriptor, probed);
    std::unique_ptr<Module> module(new Module(descriptor, probed.identity));
    serial("module " + module->id() + ": create", [&](twy_error* error) {
        return descriptor.create(&module->api_->table(), &module->instance_, error);
    });
    if (module->instance_ == nullptr) {
        throw Error(Status::Internal, "module " + module->id() + ": create: made no instance");
    }
    module->find_interfaces();
    return module;
}

Module::Module(const twy_module& descriptor, ModuleIdentity identity)
    : descriptor_(descriptor),
      identity_(std::move(identity)),
      api_(std::make_unique<HostApi>(identity_.id)) {}

Module::~Module() {
    if (instance_ != nullptr) {
        descriptor_.destroy(instance_);
    }
}

void Module::find_interfaces() {
    const auto find = [&](const char* interface_id) {
        return descriptor_.interface(instance_, interface_id);
    };
    const auto context = [&](const char* interface_id) {
        return "module " + id() + ": interface " + interface_id + ": ";
    };
    dataplane_ = require_verbs<twy_dataplane>(
        find(TWY_DATAPLANE), identity_.offers(Kind::Dataplane), context(TWY_DATAPLANE),
        {offsetof(twy_dataplane, attach), offsetof(twy_dataplane, activate),
         offsetof(twy_dataplane, detach), offsetof(twy_dataplane, check),
         offsetof(twy_dataplane, adopt)});
    eni_ = require_verbs<twy_eni_verbs>(
        find(TWY_ENI), identity_.offers(Kind::Eni), context(TWY_ENI),
        {offsetof(twy_eni_verbs, prepare), offsetof(twy_eni_verbs, check),
         offsetof(twy_eni_verbs, forget)});
    qos_ = require_verbs<twy_qos>(
        find(TWY_QOS), identity_.offers(Kind::Qos), context(TWY_QOS),
        {offsetof(twy_qos, attach), offsetof(twy_qos, detach), offsetof(twy_qos, check),
         offsetof(twy_qos, adopt), offsetof(twy_qos, observe)});
    policy_ = require_verbs<twy_policy>(
        find(TWY_POLICY), identity_.offers(Kind::Policy), context(TWY_POLICY),
        {offsetof(twy_policy, attach), offsetof(twy_policy, detach), offsetof(twy_policy, check),
         offsetof(twy_policy, adopt), offsetof(twy_policy, apply), offsetof(twy_policy, observe)});
    service_ = require_verbs<twy_service>(find(TWY_SERVICE), identity_.offers(Kind::Service),
                                          context(TWY_SERVICE), {offsetof(twy_service, apply)});
}

std::vector<std::string> Module::requirements() const {
    std::vector<std::string> needs;
    for (const char* const* need = descriptor_.requirements; need != nullptr && *need != nullptr;
         ++need) {
        needs.emplace_back(*need);
    }
    return needs;
}

bool Module::configure(const profile::Table& table, profile::Diagnostics& diagnostics) {
    const auto before = diagnostics.errors();
    const twy_table view(table, diagnostics);
    const Answer answer =
        run_verb([&](twy_error* error) { return descriptor_.configure(instance_, &view, error); });
    if (!answer.ok() && diagnostics.errors() == before) {
        diagnostics.error(table.place, answer.as_error("module " + id()).what());
    }
    return diagnostics.errors() == before;
}

void Module::preflight() {
    serial("module " + id() + ": preflight",
           [&](twy_error* error) { return descriptor_.preflight(instance_, error); });
}

void Module::start(const twy_node& node) {
    serial("module " + id() + ": start",
           [&](twy_error* error) { return descriptor_.start(instance_, &node, error); });
}

void Module::purge() {
    serial("module " + id() + ": purge",
           [&](twy_error* error) { return descriptor_.purge(instance_, error); });
}

std::unique_ptr<Module> load_from_profile(const profile::Profile& profile, const std::string& id,
                                          Trust trust) {
    const auto found = profile.modules.find(id);
    const auto settings =
        found == profile.modules.end() ? profile::ModuleSettings{} : found->second;
    Expectation expected{id, {}, settings.sha256};
    for (const auto* chain : profile.chains()) {
        if (chain->dataplane == id || chain->fallback == id) {
            expected.kinds.push_back(Kind::Dataplane);
        }
        if (chain->qos == id) {
            expected.kinds.push_back(Kind::Qos);
        }
        if (chain->policy == id) {
            expected.kinds.push_back(Kind::Policy);
        }
    }
    const auto probed =
        probe(settings.path ? *settings.path : find_module(id, profile.daemon.module_dirs), trust);
    admit(probed, expected);
    return Module::load(probed);
}

}  // namespace terway::host
