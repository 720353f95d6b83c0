// A policy module that says what it was told of Services.
#include <cstring>
#include <string>

#include "terway/module.hpp"

namespace {

using terway::sdk::Call;
using terway::sdk::EndpointView;

class Serves final : public terway::sdk::Module,
                     public terway::sdk::Policy,
                     public terway::sdk::Service {
public:
    using Module::Module;

    void configure(terway::sdk::Config&) override {}

    void attach_policy(const Call&, const EndpointView&, const twy_attachment&) override {}
    void detach_policy(const Call&, const EndpointView&) override {}
    void check_policy(const Call&, const EndpointView&, const twy_attachment&) override {}
    void adopt_policy(const Call&, const EndpointView&, const twy_attachment&) override {}
    void apply(const Call&, const twy_policy_update&) override {}
    twy_policy_counters observe_policy(const Call&, const EndpointView&,
                                       const twy_attachment&) override {
        return terway::sdk::sized<twy_policy_counters>();
    }

    void apply_services(const Call&, const twy_service_update& update) override {
        const auto& first = *update.frontends[0];
        throw terway::Error(terway::Status::Retry,
                            "revision " + std::to_string(update.revision) + ": " +
                                std::string(terway::sdk::view(first.service)) + " has " +
                                std::to_string(first.backend_count) + " backend");
    }
};

#ifdef SERVES_WITHOUT_VERB
constexpr twy_service empty_table{sizeof(twy_service), 0, nullptr};

const void* interface(twy_instance* instance, const char* id) {
    return std::strcmp(id, TWY_SERVICE) == 0 ? &empty_table
                                             : terway::sdk::Export<Serves>::interface(instance, id);
}
#endif

}  // namespace

#ifndef SERVES_WITHOUT_VERB
TERWAY_MODULE(Serves, "serves", "1");
#else
namespace {
__attribute__((used, section(TWY_NOTE_SECTION), aligned(4))) constexpr terway::sdk::ElfNote note =
    terway::sdk::elf_note(terway::sdk::kKinds<Serves>, "serves", "1");
}
extern "C" __attribute__((visibility("default")))
const twy_module terway_module = {TWY_MAGIC,
                                  TWY_ABI_MAJOR,
                                  TWY_ABI_MINOR,
                                  sizeof(twy_module),
                                  0,
                                  "serves",
                                  "1",
                                  nullptr,
                                  terway::sdk::Export<Serves>::create,
                                  terway::sdk::Export<Serves>::destroy,
                                  terway::sdk::Export<Serves>::configure,
                                  terway::sdk::Export<Serves>::preflight,
                                  terway::sdk::Export<Serves>::start,
                                  terway::sdk::Export<Serves>::purge,
                                  interface};
#endif
