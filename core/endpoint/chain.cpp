#include "endpoint/chain.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/checkpoint.hpp"
#include "base/log.hpp"
#include "endpoint/abi_view.hpp"
#include "terway/types.hpp"

namespace terway::endpoint {

// Calls verbs of the record's modules, one after the other.
struct Chain::Step {
    Step(Chain& owner, const EndpointSpec& spec, int netns_fd, const Operation& operation,
         std::function<void()> overdue)
        : chain(owner),
          key(spec.key.text()),
          endpoint(spec, netns_fd),
          call(operation.deadline, owner.reaper_) {
        call.on_overdue = std::move(overdue);
    }

    // `table` is the vtable of the pin's role, `invoke(table, instance, endpoint, reterr)` the
    // verb.
    template <class Table, class Invoke>
    void run(const ModulePin& pin, const Table* (host::Module::*table)() const, const char* name,
             const Invoke& invoke) {
        const auto& module = chain.module_of(pin);
        const Table* verbs = (module.*table)();
        if (verbs == nullptr) {
            throw Error(Status::Unsupported, "module " + pin.id + " is no " +
                                                 std::string(name_of(pin.role)) + " any more");
        }
        const auto& raw = endpoint.with_state(pin.state);
        call.state.reset();
        const auto returned = chain.gate_.call(module, name, key, call, [&](twy_error* reterr) {
            return invoke(*verbs, module.instance(), raw, reterr);
        });
        if (returned == host::Gate::Returned::Late) {
            throw Error(Status::Retry,
                        "module " + pin.id + ": " + name + " returned after it was given up");
        }
    }

    void keep_state(ModulePin& pin) {
        if (call.state) {
            pin.state = std::move(*call.state);
        }
    }

    Chain& chain;
    const std::string key;
    AbiEndpoint endpoint;
    twy_call call;
};

namespace {

// The later links of a chain take the same three arguments.
template <class Table, class Member>
auto with_attachment(twy_call& call, Member member, const twy_attachment& attachment) {
    return [&call, member, &attachment](const Table& verbs, twy_instance* instance,
                                        const twy_endpoint& endpoint, twy_error* reterr) {
        return (verbs.*member)(instance, &call, &endpoint, &attachment, reterr);
    };
}

template <class Table, class Member>
auto plain(twy_call& call, Member member) {
    return [&call, member](const Table& verbs, twy_instance* instance, const twy_endpoint& endpoint,
                           twy_error* reterr) {
        return (verbs.*member)(instance, &call, &endpoint, reterr);
    };
}

template <class Member>
auto making(twy_call& call, Member member, twy_attachment& attachment) {
    return [&call, member, &attachment](const twy_dataplane& verbs, twy_instance* instance,
                                        const twy_endpoint& endpoint, twy_error* reterr) {
        return (verbs.*member)(instance, &call, &endpoint, &attachment, reterr);
    };
}

}  // namespace

const host::Module& Chain::module_of(const ModulePin& pin) const {
    const auto found = modules_.find(pin.id);
    if (found == modules_.end()) {
        throw Error(Status::Unsupported, "module " + pin.id + " is not loaded");
    }
    return *found->second;
}

void Chain::attach(EndpointRecord& record, int netns_fd, const Operation& operation,
                   const std::function<void()>& overdue) {
    Step step(*this, record.spec, netns_fd, operation, overdue);
    auto attachment = sdk::sized<twy_attachment>();
    for (auto& pin : record.chain) {
        switch (pin.role) {
            case ModuleRole::Dataplane:
                step.run(pin, &host::Module::dataplane, "dataplane.attach",
                         making(step.call, &twy_dataplane::attach, attachment));
                record.attachment = from_abi(attachment);
                checkpoint("add.dataplane_attached");
                break;
            case ModuleRole::Qos:
                step.run(pin, &host::Module::qos, "qos.attach",
                         with_attachment<twy_qos>(step.call, &twy_qos::attach, attachment));
                checkpoint("add.qos_attached");
                break;
            case ModuleRole::Policy:
                step.run(pin, &host::Module::policy, "policy.attach",
                         with_attachment<twy_policy>(step.call, &twy_policy::attach, attachment));
                checkpoint("add.policy_attached");
                break;
        }
        step.keep_state(pin);
    }
}

void Chain::activate(EndpointRecord& record, int netns_fd, const Operation& operation,
                     const std::function<void()>& overdue) {
    const auto dataplane =
        std::find_if(record.chain.begin(), record.chain.end(),
                     [](const ModulePin& pin) { return pin.role == ModuleRole::Dataplane; });
    if (dataplane == record.chain.end() || !record.attachment) {
        throw Error(Status::Internal, "the chain has no dataplane");
    }
    Step step(*this, record.spec, netns_fd, operation, overdue);
    const auto attachment = to_abi(*record.attachment);
    step.run(*dataplane, &host::Module::dataplane, "dataplane.activate",
             with_attachment<twy_dataplane>(step.call, &twy_dataplane::activate, attachment));
    step.keep_state(*dataplane);
    checkpoint("add.activated");
}

void Chain::confirm(const EndpointRecord& record, int netns_fd, const Operation& operation,
                    const std::function<void()>& overdue) {
    Step step(*this, record.spec, netns_fd, operation, overdue);
    const auto attachment = to_abi(record.attachment.value_or(Attachment{}));
    for (const auto& pin : record.chain) {
        if (pin.role == ModuleRole::Policy) {
            step.run(pin, &host::Module::policy, "policy.check",
                     with_attachment<twy_policy>(step.call, &twy_policy::check, attachment));
        }
    }
}

void Chain::detach(EndpointRecord& record, int netns_fd, const Operation& operation,
                   const std::function<void()>& overdue) {
    Step step(*this, record.spec, netns_fd, operation, overdue);
    std::optional<Error> first;
    for (auto pin = record.chain.rbegin(); pin != record.chain.rend(); ++pin) {
        try {
            switch (pin->role) {
                case ModuleRole::Dataplane:
                    step.run(*pin, &host::Module::dataplane, "dataplane.detach",
                             plain<twy_dataplane>(step.call, &twy_dataplane::detach));
                    checkpoint("del.dataplane_detached");
                    break;
                case ModuleRole::Qos:
                    step.run(*pin, &host::Module::qos, "qos.detach",
                             plain<twy_qos>(step.call, &twy_qos::detach));
                    checkpoint("del.qos_detached");
                    break;
                case ModuleRole::Policy:
                    step.run(*pin, &host::Module::policy, "policy.detach",
                             plain<twy_policy>(step.call, &twy_policy::detach));
                    checkpoint("del.policy_detached");
                    break;
            }
        } catch (const Error& error) {
            if (first) {
                log::warning("another module failed to detach", {{"reason", error.what()}});
            } else {
                first = error;
            }
        }
    }
    if (first) {
        throw Error(*first);
    }
}

void Chain::limit(EndpointRecord& record, int netns_fd, const Operation& operation,
                  const std::function<void()>& overdue) {
    Step step(*this, record.spec, netns_fd, operation, overdue);
    const auto attachment = to_abi(record.attachment.value_or(Attachment{}));
    for (auto& pin : record.chain) {
        if (pin.role == ModuleRole::Qos) {
            step.run(pin, &host::Module::qos, "qos.attach",
                     with_attachment<twy_qos>(step.call, &twy_qos::attach, attachment));
            step.keep_state(pin);
        }
    }
}

std::optional<LimitStates> Chain::observe(const EndpointRecord& record, int netns_fd,
                                          const Operation& operation,
                                          const std::function<void()>& overdue) {
    Step step(*this, record.spec, netns_fd, operation, overdue);
    const auto attachment = to_abi(record.attachment.value_or(Attachment{}));
    for (const auto& pin : record.chain) {
        if (pin.role == ModuleRole::Qos) {
            auto limits = sdk::sized<twy_limits>();
            step.run(pin, &host::Module::qos, "qos.observe",
                     [&](const twy_qos& verbs, twy_instance* instance, const twy_endpoint& endpoint,
                         twy_error* reterr) {
                         return verbs.observe(instance, &step.call, &endpoint, &attachment, &limits,
                                              reterr);
                     });
            return from_abi(limits);
        }
    }
    return std::nullopt;
}

std::optional<RuleCounters> Chain::count(const EndpointRecord& record, int netns_fd,
                                         const Operation& operation,
                                         const std::function<void()>& overdue) {
    Step step(*this, record.spec, netns_fd, operation, overdue);
    const auto attachment = to_abi(record.attachment.value_or(Attachment{}));
    for (const auto& pin : record.chain) {
        if (pin.role == ModuleRole::Policy) {
            auto counters = sdk::sized<twy_policy_counters>();
            step.run(pin, &host::Module::policy, "policy.observe",
                     [&](const twy_policy& verbs, twy_instance* instance,
                         const twy_endpoint& endpoint, twy_error* reterr) {
                         return verbs.observe(instance, &step.call, &endpoint, &attachment,
                                              &counters, reterr);
                     });
            return from_abi(counters);
        }
    }
    return std::nullopt;
}

void Chain::check(const EndpointRecord& record, int netns_fd, const Operation& operation,
                  const std::function<void()>& overdue) {
    Step step(*this, record.spec, netns_fd, operation, overdue);
    const auto attachment = to_abi(record.attachment.value_or(Attachment{}));
    for (const auto& pin : record.chain) {
        switch (pin.role) {
            case ModuleRole::Dataplane:
                step.run(pin, &host::Module::dataplane, "dataplane.check",
                         plain<twy_dataplane>(step.call, &twy_dataplane::check));
                break;
            case ModuleRole::Qos:
                step.run(pin, &host::Module::qos, "qos.check",
                         with_attachment<twy_qos>(step.call, &twy_qos::check, attachment));
                break;
            case ModuleRole::Policy:
                step.run(pin, &host::Module::policy, "policy.check",
                         with_attachment<twy_policy>(step.call, &twy_policy::check, attachment));
                break;
        }
    }
}

bool Chain::adopt(EndpointRecord& record, int netns_fd, const Operation& operation,
                  const std::function<void()>& overdue) {
    Step step(*this, record.spec, netns_fd, operation, overdue);
    auto attachment = sdk::sized<twy_attachment>();
    try {
        for (auto& pin : record.chain) {
            switch (pin.role) {
                case ModuleRole::Dataplane:
                    step.run(pin, &host::Module::dataplane, "dataplane.adopt",
                             making(step.call, &twy_dataplane::adopt, attachment));
                    record.attachment = from_abi(attachment);
                    break;
                case ModuleRole::Qos:
                    step.run(pin, &host::Module::qos, "qos.adopt",
                             with_attachment<twy_qos>(step.call, &twy_qos::adopt, attachment));
                    break;
                case ModuleRole::Policy:
                    step.run(
                        pin, &host::Module::policy, "policy.adopt",
                        with_attachment<twy_policy>(step.call, &twy_policy::adopt, attachment));
                    break;
            }
            step.keep_state(pin);
        }
        return true;
    } catch (const Error& error) {
        if (error.status() == Status::Gone) {
            return false;
        }
        throw;
    }
}

}  // namespace terway::endpoint
