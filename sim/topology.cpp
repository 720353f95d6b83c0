#include "sim/topology.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "base/file.hpp"
#include "sim/registration.hpp"
#include "sim/table.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

constexpr std::array<std::string_view, 10> kSections{
    "vpc", "vswitch", "node", "eni", "route", "cloud", "key", "role", "instance_type", "kube"};

// Reads the sections in the order in which they need each other.
class Reader {
public:
    Reader(const toml::table& root, const std::string& name) : root_(root), complaints_(name) {}

    Topology read() {
        for (const auto& [key, node] : root_) {
            if (std::find(kSections.begin(), kSections.end(), key.str()) == kSections.end()) {
                complaints_.add(key.source(), "unknown section " + std::string(key.str()));
            }
        }
        Model model(vpc());
        complaints_.raise();
        Topology all{std::move(model), {}, {}, {}, known_instance_types(), 1, {}};
        each("vswitch", [&](Table& table) { vswitch(table, all.model); });
        each("node", [&](Table& table) { node(table, all.model); });
        each("eni", [&](Table& table) { eni(table, all.model); });
        each("route", [&](Table& table) { route(table, all.model); });
        each("instance_type", [&](Table& table) { instance_type(table, all.types); });
        each("key", [&](Table& table) { key(table, all.keys); });
        each("role", [&](Table& table) { role(table, all.roles); });
        cloud(all);
        kube(all);
        check_types(all);
        complaints_.raise();
        return all;
    }

private:
    Vpc vpc() {
        const auto* section = root_.get("vpc");
        if (section == nullptr || !section->is_table()) {
            complaints_.add(section == nullptr ? root_.source() : section->source(),
                            "a table [vpc] with a cidr is needed");
            complaints_.raise();
        }
        Table table(*section->as_table(), "the vpc", complaints_);
        Vpc vpc;
        vpc.cidr = table.required_prefix("cidr");
        vpc.cidr6 = table.prefix("cidr6");
        vpc.answer_unallocated = table.boolean("answer_unallocated", true);
        vpc.routes_imply_forwarding = table.boolean("routes_imply_forwarding", true);
        vpc.internet = table.boolean("internet", true);
        vpc.services = table.boolean("services", true);
        vpc.id = table.text("id").value_or(vpc.id);
        table.finish();
        attempt(table, [&] { (void)Model(vpc); });
        complaints_.raise();
        return vpc;
    }

    void each(const char* section, const std::function<void(Table&)>& read_one) {
        const auto* found = root_.get(section);
        if (found == nullptr) {
            return;
        }
        const auto* list = found->as_array();
        if (list == nullptr || !list->is_homogeneous<toml::table>()) {
            complaints_.add(found->source(),
                            std::string(section) + " is a list: write [[" + section + "]]");
            return;
        }
        for (const auto& element : *list) {
            Table table(*element.as_table(), section, complaints_);
            read_one(table);
            table.finish();
        }
    }

    // What the model refuses becomes a complaint at the table that asked for it.
    static void attempt(Table& table, const std::function<void()>& change) {
        try {
            change();
        } catch (const Error& refusal) {
            table.complain(refusal.what());
        }
    }

    static void vswitch(Table& table, Model& model) {
        VSwitch made{table.required_text("id"), table.required_prefix("cidr"),
                     table.prefix("cidr6")};
        made.zone = table.text("zone").value_or(made.zone);
        attempt(table, [&] { model.add_vswitch(made); });
    }

    static EniRequest request(Table& table) {
        EniRequest request;
        request.vswitch = table.required_text("vswitch");
        request.mac = table.mac("mac");
        request.primary = table.address("address");
        request.secondary = table.addresses("secondary");
        if (const auto address6 = table.address("address6")) {
            request.ipv6.push_back(*address6);
        }
        const auto more = table.addresses("secondary6");
        request.ipv6.insert(request.ipv6.end(), more.begin(), more.end());
        request.source_dest_check = table.boolean("source_dest_check", true);
        return request;
    }

    static void node(Table& table, Model& model) {
        const auto name = table.required_text("name");
        Instance instance{table.text("id").value_or("i-" + name), name, table.integer("mtu", 1500)};
        instance.type = table.text("type").value_or(instance.type);
        EniRequest primary = request(table);
        primary.id = "eni-" + name;
        attempt(table, [&] {
            check_node_name(name);
            model.add_instance(instance, primary);
        });
    }

    static void eni(Table& table, Model& model) {
        EniRequest wanted = request(table);
        wanted.id = table.required_text("id");
        const auto node = table.text("node");
        attempt(table, [&] {
            const std::string id = model.create_eni(wanted).id;
            if (node) {
                model.attach_eni(id, instance_named(model, *node));
            }
        });
    }

    static void route(Table& table, Model& model) {
        const Prefix destination = table.required_prefix("destination");
        const auto node = table.text("node");
        const auto eni = table.text("eni");
        attempt(table, [&] {
            if (node.has_value() == eni.has_value()) {
                throw Error(Status::Invalid, "needs either a node or an eni");
            }
            model.add_route(
                {destination, node ? NextHop{NextHop::Kind::Instance, instance_named(model, *node)}
                                   : NextHop{NextHop::Kind::Eni, *eni}});
        });
    }

    static void instance_type(Table& table, InstanceTypes& types) {
        InstanceType type;
        type.id = table.required_text("id");
        type.enis = table.integer("enis", 2);
        type.ipv4 = table.integer("ipv4", 1);
        type.ipv6 = table.integer("ipv6", 0);
        type.total = table.integer("total", type.enis);
        types.insert_or_assign(type.id, type);
    }

    static void key(Table& table, std::vector<AccessKey>& keys) {
        AccessKey made;
        made.id = table.required_text("id");
        made.secret = table.required_text("secret");
        made.enabled = table.boolean("enabled", true);
        keys.push_back(made);
    }

    static void role(Table& table, std::vector<Role>& roles) {
        Role made;
        made.name = table.required_text("name");
        made.instances = table.text("instances").value_or("*");
        roles.push_back(made);
    }

    // Every key is the name of a setting; the profile comes first, whatever the order.
    void cloud(Topology& all) {
        const auto* section = root_.get("cloud");
        const auto* table = section == nullptr ? nullptr : section->as_table();
        if (table == nullptr) {
            return;
        }
        for (const bool profile : {true, false}) {
            for (const auto& [key, node] : *table) {
                if ((key.str() == "profile") == profile) {
                    set(all, std::string(key.str()), node);
                }
            }
        }
    }

    void set(Topology& all, const std::string& key, const toml::node& node) {
        std::string value = node.value<std::string>().value_or("");
        if (const auto number = node.value_exact<std::int64_t>()) {
            value = std::to_string(*number);
        } else if (const auto flag = node.value_exact<bool>()) {
            value = *flag ? "true" : "false";
        }
        try {
            if (key == "seed") {
                all.seed = std::stoull(value);
            } else {
                all.settings.set(key, value);
            }
        } catch (const std::exception& error) {
            complaints_.add(node.source(), error.what());
        }
    }

    void kube(Topology& all) {
        const auto* section = root_.get("kube");
        const auto* found = section == nullptr ? nullptr : section->as_table();
        if (found == nullptr) {
            return;
        }
        Table table(*found, "kube", complaints_);
        KubeTopology made;
        made.options.cluster.seed = all.seed;
        if (const auto services = table.prefix("services")) {
            made.options.cluster.services = *services;
        }
        made.options.cluster.history = static_cast<std::size_t>(table.integer("history", 10000));
        made.options.cluster.finish_pods = table.boolean("finish_pods", false);
        made.options.rbac = table.boolean("rbac", false);
        made.listen = table.text("listen").value_or(made.listen);
        table.finish();
        all.kube = std::move(made);
    }

    void check_types(const Topology& all) {
        for (const auto& [id, instance] : all.model.instances()) {
            if (!all.types.contains(instance.type)) {
                complaints_.add(root_.source(), "node " + instance.name + ": type " +
                                                    instance.type +
                                                    " is unknown; add it as [[instance_type]]");
            }
        }
    }

    static std::string instance_named(const Model& model, const std::string& name) {
        for (const auto& [id, instance] : model.instances()) {
            if (instance.name == name) {
                return id;
            }
        }
        throw Error(Status::Invalid, "there is no node " + name);
    }

    const toml::table& root_;
    Complaints complaints_;
};

}  // namespace

Model parse_topology(std::string_view text, const std::string& name) {
    return parse_whole_topology(text, name).model;
}

Topology parse_whole_topology(std::string_view text, const std::string& name) {
    try {
        const toml::table root = toml::parse(text, std::string_view(name));
        return Reader(root, name).read();
    } catch (const toml::parse_error& error) {
        Complaints complaints(name);
        complaints.add(error.source(), std::string(error.description()));
        complaints.raise();
        throw;
    }
}

Model load_topology(const std::string& path) {
    return load_whole_topology(path).model;
}

Topology load_whole_topology(const std::string& path) {
    return parse_whole_topology(read_file(path), path);
}

}  // namespace terway::sim
