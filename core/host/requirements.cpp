#include "host/requirements.hpp"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "host/kernel_trial.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"

namespace terway::host {
namespace {

using Version = std::array<unsigned, 3>;

// "6.18.5-cloud": as many numbers as there are, the rest 0.
std::optional<Version> parse_version(std::string_view text) {
    Version version{};
    const char* at = text.data();
    const char* const last = text.data() + text.size();
    for (auto& number : version) {
        const auto [end, error] = std::from_chars(at, last, number);
        if (error != std::errc{}) {
            return std::nullopt;
        }
        at = end;
        if (at == last || *at != '.') {
            return version;
        }
        ++at;
    }
    return version;
}

constexpr std::array<std::string_view, CAP_LAST_CAP + 1> kCapabilities{"chown",
                                                                       "dac_override",
                                                                       "dac_read_search",
                                                                       "fowner",
                                                                       "fsetid",
                                                                       "kill",
                                                                       "setgid",
                                                                       "setuid",
                                                                       "setpcap",
                                                                       "linux_immutable",
                                                                       "net_bind_service",
                                                                       "net_broadcast",
                                                                       "net_admin",
                                                                       "net_raw",
                                                                       "ipc_lock",
                                                                       "ipc_owner",
                                                                       "sys_module",
                                                                       "sys_rawio",
                                                                       "sys_chroot",
                                                                       "sys_ptrace",
                                                                       "sys_pacct",
                                                                       "sys_admin",
                                                                       "sys_boot",
                                                                       "sys_nice",
                                                                       "sys_resource",
                                                                       "sys_time",
                                                                       "sys_tty_config",
                                                                       "mknod",
                                                                       "lease",
                                                                       "audit_write",
                                                                       "audit_control",
                                                                       "setfcap",
                                                                       "mac_override",
                                                                       "mac_admin",
                                                                       "syslog",
                                                                       "wake_alarm",
                                                                       "block_suspend",
                                                                       "audit_read",
                                                                       "perfmon",
                                                                       "bpf",
                                                                       "checkpoint_restore"};

bool has_capability(std::size_t number) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0) {
        throw system_error("read the capabilities of this process", errno);
    }
    return ((sets.at(number / 32).effective >> (number % 32)) & 1U) != 0;
}

std::optional<std::string> find_tool(const std::string& name) {
    const char* variable = std::getenv("PATH");
    std::string_view path = variable != nullptr ? variable : "/usr/sbin:/usr/bin:/sbin:/bin";
    while (!path.empty()) {
        const auto colon = path.find(':');
        const std::string candidate = std::string(path.substr(0, colon)) + "/" + name;
        path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
        struct stat found {};
        if (::stat(candidate.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
            ::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
    }
    return std::nullopt;
}

std::string_view topic_of(std::string_view requirement) {
    return requirement.substr(0, requirement.find(':'));
}

// Of what follows "needs:".
std::optional<Need> parse_need(std::string_view text) {
    constexpr std::string_view kIf = " if ";
    const auto condition = text.find(kIf);
    Need need{std::string(text.substr(0, condition)), {}, {}};
    if (condition != std::string_view::npos) {
        const auto said = text.substr(condition + kIf.size());
        const auto equals = said.find('=');
        if (equals == 0 || equals == std::string_view::npos) {
            return std::nullopt;
        }
        need.key = said.substr(0, equals);
        need.value = said.substr(equals + 1);
    }
    return need.name.empty() ? std::nullopt : std::optional(std::move(need));
}

// One that names nothing is malformed, and so an unmet need.
bool is_statement(std::string_view requirement) {
    const auto topic = topic_of(requirement);
    if (requirement.size() <= topic.size() + 1) {
        return false;
    }
    return requirement == "eni:exclusive" || topic == "offers" ||
           (topic == "needs" && parse_need(requirement.substr(topic.size() + 1)));
}

// One requirement at a time; made for one evaluate().
class Evaluation {
public:
    RequirementResult evaluate(const std::string& need) {
        try {
            return decide(need);
        } catch (const Error& error) {
            return {need, false, error.what(), "run this as root, in a healthy node"};
        }
    }

private:
    RequirementResult decide(const std::string& need) {
        constexpr std::string_view kKernel = "kernel>=";
        if (need.starts_with(kKernel)) {
            return kernel(need, need.substr(kKernel.size()));
        }
        const auto colon = need.find(':');
        const std::string topic = need.substr(0, colon);
        const std::string name = colon == std::string::npos ? "" : need.substr(colon + 1);
        if (name.empty()) {
            return unknown(need);
        }
        if (topic == "netdev") {
            return tried(need, trial().netdev(name),
                         "modprobe " + name + ", or boot a kernel that has this kind of link");
        }
        if (topic == "qdisc") {
            return tried(need, trial().qdisc(name),
                         "modprobe sch_" + name + ", or boot a kernel that has this qdisc");
        }
        if (topic == "nft") {
            return tried(need, trial().nft(name),
                         "modprobe nf_tables, or boot a kernel with nftables for " + name);
        }
        if (topic == "bpf") {
            return tried(need, try_bpf(name),
                         "run as root on a kernel with CONFIG_BPF_SYSCALL and this program type");
        }
        if (topic == "sysctl") {
            return sysctl(need, name);
        }
        if (topic == "tool") {
            return tool(need, name);
        }
        return topic == "cap" ? capability(need, name) : unknown(need);
    }

    static RequirementResult unknown(const std::string& need) {
        return {need, false, "this terwayd does not know such a requirement",
                "use a newer terwayd, or a module made for this one"};
    }

    static RequirementResult tried(const std::string& need,
                                   const std::optional<std::string>& refusal,
                                   const std::string& fix) {
        if (!refusal) {
            return {need, true, "works", ""};
        }
        return {need, false, *refusal, fix};
    }

    static RequirementResult kernel(const std::string& need, const std::string& wanted) {
        const auto least = parse_version(wanted);
        utsname system{};
        if (!least || ::uname(&system) != 0) {
            return unknown(need);
        }
        const std::string release(std::data(system.release));
        const auto running = parse_version(release);
        if (running && *running >= *least) {
            return {need, true, release, ""};
        }
        return {need, false, release, "boot a kernel of version " + wanted + " or newer"};
    }

    static RequirementResult sysctl(const std::string& need, const std::string& assignment) {
        const auto equals = assignment.find('=');
        std::string path = assignment.substr(0, equals);
        if (equals == std::string::npos || path.empty() || path.find("..") != std::string::npos) {
            return unknown(need);
        }
        if (path.find('/') == std::string::npos) {
            std::replace(path.begin(), path.end(), '.', '/');
        }
        const auto value = netlink::read_sysctl(path);
        if (!value) {
            return {need, false, "no such sysctl", "boot a kernel that has this sysctl"};
        }
        if (*value == assignment.substr(equals + 1)) {
            return {need, true, *value, ""};
        }
        return {need, false, *value,
                "sysctl -w " + assignment + ", and a line in /etc/sysctl.d to keep it"};
    }

    static RequirementResult tool(const std::string& need, const std::string& name) {
        if (name.find('/') != std::string::npos) {
            return unknown(need);
        }
        if (const auto path = find_tool(name)) {
            return {need, true, *path, ""};
        }
        return {need, false, "not in PATH", "install " + name + ", or add its directory to PATH"};
    }

    static RequirementResult capability(const std::string& need, const std::string& name) {
        const auto* const found = std::find(kCapabilities.begin(), kCapabilities.end(), name);
        if (found == kCapabilities.end()) {
            return unknown(need);
        }
        if (has_capability(static_cast<std::size_t>(found - kCapabilities.begin()))) {
            return {need, true, "held", ""};
        }
        return {need, false, "not held", "run terwayd as root, or give it CAP_" + upper(name)};
    }

    static std::string upper(std::string text) {
        std::transform(text.begin(), text.end(), text.begin(), [](char c) {
            return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        });
        return text;
    }

    const KernelTrial& trial() {
        if (!trial_) {
            trial_.emplace();
        }
        return *trial_;
    }

    std::optional<KernelTrial> trial_;
};

}  // namespace

std::vector<RequirementResult> evaluate(std::span<const std::string> requirements) {
    Evaluation evaluation;
    std::vector<RequirementResult> results;
    results.reserve(requirements.size());
    for (const auto& need : requirements) {
        if (!is_statement(need)) {
            results.push_back(evaluation.evaluate(need));
        }
    }
    return results;
}

std::vector<std::string> stated(std::span<const std::string> requirements, std::string_view kind) {
    std::vector<std::string> names;
    for (const auto& each : requirements) {
        if (is_statement(each) && topic_of(each) == kind) {
            names.push_back(each.substr(kind.size() + 1));
        }
    }
    return names;
}

std::vector<Need> stated_needs(std::span<const std::string> requirements) {
    std::vector<Need> needs;
    for (const auto& text : stated(requirements, "needs")) {
        needs.push_back(*parse_need(text));
    }
    return needs;
}

}  // namespace terway::host
