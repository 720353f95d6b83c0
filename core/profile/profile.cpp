#include "profile/profile.hpp"

#include <algorithm>
#include <utility>

#include "base/file.hpp"
#include "profile/chain_section.hpp"
#include "profile/cloud_section.hpp"
#include "profile/cni_section.hpp"
#include "profile/daemon_section.hpp"
#include "profile/kube_section.hpp"
#include "profile/policy_section.hpp"
#include "profile/pool_section.hpp"
#include "profile/section.hpp"
#include "profile/service_section.hpp"
#include "profile/toml.hpp"
#include "terway/error.hpp"

namespace terway::profile {
namespace {

constexpr std::size_t kMaxId = 47;

bool all_of_set(std::string_view text, std::string_view set) {
    return text.find_first_not_of(set) == std::string_view::npos;
}

void read_name(Section& root, Profile& profile) {
    const Entry* entry = root.require("profile", ValueKind::String);
    if (entry == nullptr) {
        return;
    }
    if (entry->string.empty() || entry->string.size() > 63 ||
        !all_of_set(entry->string, "abcdefghijklmnopqrstuvwxyz0123456789-")) {
        root.complain(entry->place, "profile must be 1 to 63 of a-z, 0-9 and \"-\"");
        return;
    }
    profile.name = entry->string;
}

// The complaint about one range beside those before it, or nothing.
std::optional<std::string> cidr_complaint(const std::string& text,
                                          const std::vector<Prefix>& before) {
    const auto prefix = Prefix::parse(text);
    if (!prefix) {
        return "\"" + text + "\" is no address range such as \"172.20.1.0/24\"";
    }
    if (*prefix != prefix->network()) {
        return "\"" + text + "\" has host bits set, the range is \"" + prefix->network().text() +
               "\"";
    }
    for (const auto& other : before) {
        if (prefix->overlaps(other)) {
            return "\"" + text + "\" overlaps \"" + other.text() + "\"";
        }
    }
    return std::nullopt;
}

void read_node(Section& node, Node& into) {
    for (const Entry* item : node.strings("pod_cidrs")) {
        if (const auto complaint = cidr_complaint(item->string, into.pod_cidrs)) {
            node.complain(item->place, *complaint);
        } else {
            into.pod_cidrs.push_back(*Prefix::parse(item->string));
        }
    }
}

void read_endpoint(Section& endpoint, Endpoint& into) {
    endpoint.choice("host_names", into.host_names,
                    {{"container", HostNames::Container}, {"felix", HostNames::Felix}});
    const Entry* mtu = endpoint.take("mtu", ValueKind::Integer);
    if (mtu != nullptr && mtu->integer != 0) {
        endpoint.integer("mtu", into.mtu, 576, 9216);
    }
}

void read_module(Section& module, const Table& table, ModuleSettings& into) {
    std::string path;
    module.absolute_path("path", path);
    if (!path.empty()) {
        into.path = path;
    }
    if (const Entry* pin = module.take("sha256", ValueKind::String)) {
        std::string hex = pin->string;
        std::transform(hex.begin(), hex.end(), hex.begin(), [](char c) {
            return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        if (hex.size() != 64 || !all_of_set(hex, "0123456789abcdef")) {
            module.complain(pin->place, "sha256 must be 64 hexadecimal digits");
        }
        into.sha256 = hex;
    }
    into.table = table;
    std::erase_if(into.table.entries,
                  [](const Entry& entry) { return entry.key == "path" || entry.key == "sha256"; });
}

void complain_unused(Section& modules, const Entry& entry, const ModulePlaces& chain) {
    std::vector<std::string_view> ids;
    for (const auto& [id, place] : chain) {
        ids.emplace_back(id);
        if (id.starts_with(entry.key + ".")) {
            modules.complain(entry.key_place, "[module." + entry.key +
                                                  "] is no module; an id with dots is quoted: "
                                                  "[module.\"" +
                                                  id + "\"]");
            return;
        }
    }
    modules.complain(entry.key_place, "[module." + entry.key + "] names no module of the chain" +
                                          suggestion(entry.key, ids));
}

void read_modules(Section& root, const ModulePlaces& chain, Profile& profile,
                  Diagnostics& diagnostics) {
    for (const auto& [id, place] : chain) {
        profile.modules[id].table.place = place;
    }
    const Entry* table = root.take("module", ValueKind::Table);
    if (table == nullptr) {
        return;
    }
    Section modules(table->table, "[module]", diagnostics);
    for (const auto& entry : table->table.entries) {
        if (!chain.contains(entry.key)) {
            complain_unused(modules, entry, chain);
        } else if (modules.take(entry.key, ValueKind::Table) != nullptr) {
            Section module(entry.table, "[module." + entry.key + "]", diagnostics);
            read_module(module, entry.table, profile.modules[entry.key]);
        }
    }
}

template <class Part>
void read_section(Section& root, std::string_view key, void (*read)(Section&, Part&), Part& part,
                  Diagnostics& diagnostics) {
    if (const Entry* table = root.take(key, ValueKind::Table)) {
        Section section(table->table, "[" + std::string(key) + "]", diagnostics);
        read(section, part);
        section.finish();
    }
}

}  // namespace

bool is_module_id(std::string_view text) {
    return !text.empty() && text.size() <= kMaxId && text.front() != '.' &&
           all_of_set(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
}

std::vector<const Chain*> Profile::chains() const {
    std::vector<const Chain*> all{&chain};
    for (const auto& rule : rules) {
        all.push_back(&rule.chain);
    }
    return all;
}

bool Profile::uses(AddressSource source) const {
    const auto all = chains();
    return std::any_of(all.begin(), all.end(),
                       [&](const Chain* each) { return each->addresses == source; });
}

bool Profile::has_policies() const {
    const auto all = chains();
    return std::any_of(all.begin(), all.end(),
                       [](const Chain* each) { return each->policy.has_value(); });
}

std::optional<Profile> parse(std::string_view text, Diagnostics& diagnostics) {
    const auto errors_before = diagnostics.errors();
    const auto document = parse_toml(text, diagnostics);
    if (!document) {
        return std::nullopt;
    }
    Profile profile;
    profile.file = diagnostics.file();
    Section root(*document, "", diagnostics);
    read_name(root, profile);
    if (auto pool = root.table("pool")) {
        read_pool(*pool, profile.pool);
        pool->finish();
    }
    const auto modules = read_chains(root, profile, diagnostics);
    complain_of_eni_keys(*document, profile, diagnostics);
    read_section(root, "node", read_node, profile.node, diagnostics);
    read_section(root, "cloud", read_cloud, profile.cloud, diagnostics);
    read_section(root, "endpoint", read_endpoint, profile.endpoint, diagnostics);
    read_section(root, "daemon", read_daemon, profile.daemon, diagnostics);
    read_section(root, "cni", read_cni, profile.cni, diagnostics);
    read_section(root, "kube", read_kube, profile.kube, diagnostics);
    read_section(root, "policy", read_policy, profile.policy, diagnostics);
    read_section(root, "service", read_service, profile.service, diagnostics);
    read_modules(root, modules, profile, diagnostics);
    root.finish();
    if (diagnostics.errors() != errors_before) {
        return std::nullopt;
    }
    return profile;
}

std::optional<Profile> load(Diagnostics& diagnostics) {
    std::string text;
    try {
        text = read_file(diagnostics.file(), 1U << 20U);
    } catch (const Error& error) {
        diagnostics.error({}, "cannot be read: " + std::string(error.what()));
        return std::nullopt;
    }
    return parse(text, diagnostics);
}

std::vector<Prefix> parse_pod_cidrs(std::span<const std::string> texts) {
    std::vector<Prefix> prefixes;
    for (const auto& text : texts) {
        if (const auto complaint = cidr_complaint(text, prefixes)) {
            throw Error(Status::Invalid, *complaint);
        }
        prefixes.push_back(*Prefix::parse(text));
    }
    return prefixes;
}

}  // namespace terway::profile
