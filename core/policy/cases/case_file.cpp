#include "policy/cases/case_file.hpp"

#include <algorithm>
#include <charconv>

#include "policy/cases/case_parts.hpp"
#include "policy/cases/document.hpp"
#include "policy/cases/names.hpp"

namespace terway::policy {
namespace {

constexpr std::int64_t kFormat = 1;

Table read_table(const Part& part) {
    Table table;
    for (const auto& [source, row] : part.members()) {
        table.emplace_back(source, row.text());
        if (row.text().find_first_not_of(".X?- ") != std::string::npos) {
            row.refuse("has another character than . X ? and -");
        }
    }
    for (const auto& [source, row] : table) {
        if (row.size() != table.size()) {
            part.at(source).refuse("must have as many characters as there are rows, " +
                                   std::to_string(table.size()));
        }
    }
    return table;
}

Backends read_backends(const Part& part) {
    Backends backends;
    for (const auto& [backend, verdict] : part.members()) {
        const auto text = verdict.text();
        if (text.size() != 1 || std::string_view(".X?-").find(text[0]) == std::string_view::npos) {
            verdict.refuse("is none of . X ? and -");
        }
        backends[backend] = text[0];
    }
    return backends;
}

CaseStep read_step(const Part& part, const Case& of, kube::Words& words) {
    CaseStep step;
    step.place = part.place();
    for (const auto& each : part.list("actions")) {
        step.actions.push_back(read_action(each, words));
    }
    if (const auto expected = part.find("expected")) {
        for (const auto& [probe, table] : expected->members()) {
            if (std::none_of(
                    of.probes.begin(), of.probes.end(),
                    [&, &text = probe](const Probe& known) { return known.text == text; })) {
                table.refuse("is none of the probes of the case");
            }
            step.expected.emplace_back(probe, read_table(table));
        }
    }
    for (const auto& each : part.list("expectedServices")) {
        step.expected_services.push_back(read_backends(each));
    }
    if (!step.expected_services.empty() &&
        step.expected_services.size() != of.service_probes.size()) {
        part.at("expectedServices").refuse("must have one element for each service probe");
    }
    return step;
}

ServiceProbe read_service_probe(const Part& part, const CaseCluster& cluster) {
    ServiceProbe probe;
    probe.from = part.at("from").text();
    const auto name = part.at("service");
    const auto text = name.text();
    const auto slash = text.find('/');
    if (slash == std::string::npos) {
        name.refuse("must be NAMESPACE/NAME");
    }
    probe.service = {text.substr(0, slash), text.substr(slash + 1)};
    probe.protocol = read_protocol(part);
    probe.port = read_port(part.at("port"));
    if (std::none_of(cluster.services.begin(), cluster.services.end(),
                     [&](const auto& service) { return service.name == probe.service; })) {
        name.refuse("there is no such Service");
    }
    return probe;
}

Case read_case(const Part& part, const CaseFile& file, kube::Words& words) {
    Case out;
    out.id = part.at("id").text();
    if (const auto title = part.find("title")) {
        out.title = title->text();
    }
    const auto cluster = part.at("cluster");
    const auto found = file.clusters.find(cluster.text());
    if (found == file.clusters.end()) {
        cluster.refuse("there is no cluster \"" + cluster.text() + "\"");
    }
    out.cluster = &found->second;
    for (const auto& each : part.list("probes")) {
        auto probe = parse_probe(each.text());
        if (!probe) {
            each.refuse("\"" + each.text() + "\" is no probe, such as TCP/80 or UDP/81/v6");
        }
        out.probes.push_back(*std::move(probe));
    }
    for (const auto& each : part.list("serviceProbes")) {
        out.service_probes.push_back(read_service_probe(each, found->second));
    }
    for (const auto& each : part.at("steps").elements()) {
        out.steps.push_back(read_step(each, out, words));
    }
    return out;
}

}  // namespace

std::optional<Probe> parse_probe(std::string_view text) {
    Probe probe;
    probe.text = text;
    const auto slash = text.find('/');
    const auto protocol = protocol_of(text.substr(0, slash));
    if (!protocol || slash == std::string_view::npos) {
        return std::nullopt;
    }
    probe.protocol = *protocol;
    text.remove_prefix(slash + 1);
    const auto* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, probe.port);
    if (error != std::errc() || probe.port == 0) {
        return std::nullopt;
    }
    const std::string_view rest(at, static_cast<std::size_t>(end - at));
    if (rest == "/v4") {
        probe.family = Family::V4;
    } else if (rest == "/v6") {
        probe.family = Family::V6;
    } else if (!rest.empty()) {
        return std::nullopt;
    }
    return probe;
}

CaseFile read_case_file(std::string text, const std::string& file) {
    const Document document(std::move(text), file);
    const auto root = document.root();
    if (const auto format = root.at("format"); format.number() != kFormat) {
        format.refuse("is not the format 1, which is the only one there is");
    }
    kube::Words words;
    CaseFile out;
    for (const auto& [name, cluster] : root.at("clusters").members()) {
        out.clusters.emplace(name, read_cluster(cluster, words));
    }
    for (const auto& each : root.at("cases").elements()) {
        out.cases.push_back(read_case(each, out, words));
    }
    return out;
}

}  // namespace terway::policy
