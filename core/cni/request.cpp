#include "cni/request.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "cni/failure.hpp"
#include "cni/json.hpp"
#include "cni/names.hpp"

namespace terway::cni {
namespace {

struct VerbName {
    Verb verb;
    std::string_view text;
};

constexpr std::array<VerbName, 6> kVerbs = {{{Verb::Add, "ADD"},
                                             {Verb::Del, "DEL"},
                                             {Verb::Check, "CHECK"},
                                             {Verb::Gc, "GC"},
                                             {Verb::Status, "STATUS"},
                                             {Verb::Version, "VERSION"}}};

constexpr std::array<std::string_view, 3> kTraceVariables = {"TRACEPARENT", "TRACESTATE",
                                                             "BAGGAGE"};

bool names_an_attachment(Verb verb) {
    return verb == Verb::Add || verb == Verb::Del || verb == Verb::Check;
}

struct Requirement {
    const char* variable;
    bool (*applies)(Verb);
};

// The table of the reference library, to the letter: CNI_PATH too, though we delegate nothing.
constexpr std::array<Requirement, 4> kRequirements = {
    {{"CNI_CONTAINERID", names_an_attachment},
     {"CNI_NETNS", [](Verb verb) { return verb == Verb::Add || verb == Verb::Check; }},
     {"CNI_IFNAME", names_an_attachment},
     {"CNI_PATH", [](Verb verb) { return verb != Verb::Version; }}}};

[[noreturn]] void bad_environment(const std::string& what) {
    throw CniError(Code::InvalidEnvironment, what);
}

[[noreturn]] void bad_variable(std::string_view name, const std::string& value,
                               const std::string& reason) {
    bad_environment(std::string(name) + "=\"" + value + "\": " + reason);
}

// Lives as long as `env`.
const std::string& get(const Environment& env, std::string_view name) {
    static const std::string nothing;
    const auto found = env.find(name);
    return found == env.end() ? nothing : found->second;
}

Verb read_verb(const Environment& env) {
    const auto& text = get(env, "CNI_COMMAND");
    if (text.empty()) {
        bad_environment("required environment variables [CNI_COMMAND] missing");
    }
    for (const auto& known : kVerbs) {
        if (known.text == text) {
            return known.verb;
        }
    }
    if (!is_json_text(text)) {
        bad_environment("unknown CNI_COMMAND: not UTF-8");
    }
    bad_environment("unknown CNI_COMMAND: " + text);
}

void check_missing(const Environment& env, Verb verb) {
    std::string missing;
    for (const auto& requirement : kRequirements) {
        if (requirement.applies(verb) && get(env, requirement.variable).empty()) {
            missing += (missing.empty() ? "" : ",") + std::string(requirement.variable);
        }
    }
    if (!missing.empty()) {
        bad_environment("required environment variables [" + missing + "] missing for " +
                        std::string(text_of(verb)));
    }
}

void check_values(const Environment& env, Verb verb) {
    for (const auto& [name, value] : env) {
        if (!is_json_text(name)) {
            bad_environment("a variable has a name that is not UTF-8");
        }
        if (!is_json_text(value)) {
            bad_environment(name + ": not UTF-8");
        }
    }
    if (!names_an_attachment(verb)) {
        return;
    }
    const auto& id = get(env, "CNI_CONTAINERID");
    if (!is_valid_name(id)) {
        bad_variable("CNI_CONTAINERID", id, std::string("no container id; ") + kNameRule);
    }
    const auto& ifname = get(env, "CNI_IFNAME");
    if (!is_valid_ifname(ifname)) {
        bad_variable("CNI_IFNAME", ifname, std::string("no interface name; ") + kIfnameRule);
    }
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        if (end > 0) {
            parts.push_back(text.substr(0, end));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::vector<IpAddress> parse_ips(std::string_view value, const std::string& raw) {
    std::vector<IpAddress> ips;
    for (const auto part : split(value, ',')) {
        const auto ip = parse_requested_ip(part);
        if (!ip) {
            bad_variable("CNI_ARGS", raw, "IP: \"" + std::string(part) + "\" is no address");
        }
        ips.push_back(*ip);
    }
    return ips;
}

Mac parse_mac(std::string_view value, const std::string& raw) {
    const auto mac = Mac::parse(value);
    if (!mac) {
        bad_variable("CNI_ARGS", raw, "MAC: \"" + std::string(value) + "\" is no MAC address");
    }
    return *mac;
}

std::map<std::string, std::uint64_t> parse_resources(std::string_view value,
                                                     const std::string& raw) {
    std::map<std::string, std::uint64_t> resources;
    for (const auto part : split(value, ',')) {
        const auto colon = std::min(part.find(':'), part.size());
        const auto name = part.substr(0, colon);
        std::uint64_t count = 1;
        bool is_count = true;
        if (colon < part.size()) {
            const auto* const last = part.data() + part.size();
            const auto [end, error] = std::from_chars(name.data() + colon + 1, last, count);
            is_count = error == std::errc{} && end == last;
        }
        if (name.empty() || name.find('=') != std::string_view::npos || !is_count) {
            bad_variable("CNI_ARGS", raw,
                         "TERWAY_RESOURCES: \"" + std::string(part) +
                             "\" is no resource such as \"aliyun/eni:1\"");
        }
        resources[std::string(name)] += count;
    }
    return resources;
}

void set_argument(Args& args, std::string_view key, std::string_view value) {
    if (key == "K8S_POD_NAMESPACE") {
        args.pod_namespace = value;
    } else if (key == "K8S_POD_NAME") {
        args.pod_name = value;
    } else if (key == "K8S_POD_UID") {
        args.pod_uid = value;
    } else if (key == "K8S_POD_INFRA_CONTAINER_ID") {
        args.infra_container_id = value;
    } else if (key == "IP") {
        args.ips = parse_ips(value, args.raw);
    } else if (key == "MAC" && !value.empty()) {
        args.mac = parse_mac(value, args.raw);
    } else if (key == "TERWAY_RESOURCES") {
        args.resources = parse_resources(value, args.raw);
    }
}

Args parse_args(const std::string& raw, Strictness strictness) {
    Args args;
    args.raw = raw;
    for (const auto pair : split(raw, ';')) {
        const auto equals = pair.find('=');
        try {
            if (equals == std::string_view::npos) {
                bad_variable("CNI_ARGS", raw, '"' + std::string(pair) + "\" is no KEY=VALUE");
            }
            set_argument(args, pair.substr(0, equals), pair.substr(equals + 1));
        } catch (const CniError&) {
            if (strictness == Strictness::Full) {
                throw;
            }
        }
    }
    return args;
}

bool is_true(std::string_view value) {
    return value == "1" || (value.size() == 4 && (value[0] | 32) == 't' && (value[1] | 32) == 'r' &&
                            (value[2] | 32) == 'u' && (value[3] | 32) == 'e');
}

void check_verb_against(const Config& config, Verb verb) {
    const bool too_old =
        (verb == Verb::Check && config.cni_version < kFirstWithCheck) ||
        ((verb == Verb::Gc || verb == Verb::Status) && config.cni_version < kFirstWithGcAndStatus);
    if (too_old) {
        throw CniError(Code::IncompatibleVersion,
                       "config version does not allow " + std::string(text_of(verb)),
                       "the configuration is of version " + config.cni_version.text());
    }
    if (verb == Verb::Check && !config.previous) {
        throw CniError(Code::InvalidConfig, "CHECK needs prevResult, the result of the ADD");
    }
}

}  // namespace

std::string_view text_of(Verb verb) noexcept {
    for (const auto& known : kVerbs) {
        if (known.verb == verb) {
            return known.text;
        }
    }
    return "?";
}

Environment call_environment(const char* const* envp) {
    Environment env;
    for (; *envp != nullptr; ++envp) {
        const std::string_view entry(*envp);
        const auto equals = entry.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        const auto name = entry.substr(0, equals);
        const auto value = entry.substr(equals + 1);
        const bool trace = std::find(kTraceVariables.begin(), kTraceVariables.end(), name) !=
                           kTraceVariables.end();
        // A value that is no text fails the call later, by name; such a name means nothing to us.
        if ((name.starts_with("CNI_") && is_json_text(name)) || (trace && is_json_text(value))) {
            env.insert_or_assign(std::string(name), std::string(value));
        }
    }
    return env;
}

Verb check_environment(const Environment& env) {
    const auto verb = read_verb(env);
    check_missing(env, verb);
    if (verb != Verb::Version) {
        check_values(env, verb);
    }
    return verb;
}

Request parse_request(const Invocation& invocation) {
    const auto& env = invocation.env;
    Request request;
    request.verb = check_environment(env);
    if (request.verb == Verb::Version) {
        return request;
    }
    const auto strictness = request.verb == Verb::Del ? Strictness::Deleting : Strictness::Full;
    if (names_an_attachment(request.verb)) {
        request.container_id = get(env, "CNI_CONTAINERID");
        request.ifname = get(env, "CNI_IFNAME");
        request.netns = get(env, "CNI_NETNS");
        request.args = parse_args(get(env, "CNI_ARGS"), strictness);
    }
    request.netns_override = is_true(get(env, "CNI_NETNS_OVERRIDE"));
    for (const auto folder : split(get(env, "CNI_PATH"), ':')) {
        request.path.emplace_back(folder);
    }
    request.traceparent = get(env, "TRACEPARENT");
    request.tracestate = get(env, "TRACESTATE");
    request.baggage = get(env, "BAGGAGE");
    request.config = parse_config(invocation.config, strictness);
    check_verb_against(request.config, request.verb);
    return request;
}

const std::vector<IpAddress>& requested_ips(const Request& request) {
    if (!request.config.runtime.ips.empty()) {
        return request.config.runtime.ips;
    }
    return request.config.args_ips.empty() ? request.args.ips : request.config.args_ips;
}

std::optional<Mac> requested_mac(const Request& request) {
    return request.config.runtime.mac ? request.config.runtime.mac : request.args.mac;
}

}  // namespace terway::cni
