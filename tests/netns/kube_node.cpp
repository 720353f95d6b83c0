#include "kube_node.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "stream.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using sim::kube::Api;
using sim::kube::Key;
using sim::kube::kind_named;
using sim::kube::When;

constexpr std::chrono::seconds kLimit{20};
constexpr const char* kPolicies = "networkpolicies.networking.k8s.io";
constexpr const char* kClusterPolicies = "clusternetworkpolicies.policy.networking.k8s.io";

Key key_of(const std::string& pod) {
    return {"default", pod};
}

json::object object_of(const std::map<std::string, std::string>& texts) {
    json::object all;
    for (const auto& [name, text] : texts) {
        all[name] = text;
    }
    return all;
}

json::object manifest(const std::string& name, const PodWish& wish) {
    return {{"metadata", json::object{{"name", name},
                                      {"labels", object_of(wish.labels)},
                                      {"annotations", object_of(wish.annotations)}}},
            {"spec", json::object{{"nodeName", KubeNode::kName},
                                  {"hostNetwork", wish.host_network},
                                  {"containers",
                                   json::array{json::object{{"name", "c"}, {"image", "i"}}}}}}};
}

}  // namespace

KubeNode::KubeNode(const sim::kube::ApiOptions& options)
    : server_(options),
      own_(std::make_unique<Node>()),
      node_(*own_),
      addresses_{IpAddress::parse(Node::kNode4).value(), IpAddress::parse(Node::kNode6).value()} {
    node_.settings().pod_cidrs.clear();
    make_plugins();
}

KubeNode::KubeNode(Node& node, const std::vector<IpAddress>& addresses,
                   const sim::kube::ApiOptions& options)
    : server_(options), node_(node), addresses_(addresses) {
    make_plugins();
}

void KubeNode::make_plugins() {
    fs::create_directory(plugins());
    fs::create_symlink(node_.cni_command({}).argv.front(), plugins() + "/terway");
}

void KubeNode::give_pod_cidrs(const std::vector<std::string>& cidrs) {
    const When when{server_.time()};
    server_.with([&](Api& api) {
        const auto& nodes = kind_named("nodes");
        const Key key{"", kName};
        if (api.store().find(nodes.stored(), key) == nullptr) {
            (void)api.cluster().create(nodes, "", sim::kubelet::new_node(kName), when);
        }
        const json::object spec{{"podCIDR", cidrs.front()},
                                {"podCIDRs", json::array(cidrs.begin(), cidrs.end())}};
        (void)api.cluster().patch(nodes, key, "", "application/merge-patch+json",
                                  json::object{{"spec", spec}}, when);
    });
}

// The path of a file; the server is in the node.
std::string KubeNode::kubeconfig(const std::string& token) {
    const NetnsScope scope(node_.fd());
    const std::string file = node_.files() / ("kubeconfig-" + token);
    std::ofstream(file) << server_.kubeconfig(server_.endpoint(), token);
    return file;
}

void KubeNode::prepare() {
    node_.settings().modules = "[kube]\nmode = \"kubeconfig\"\nkubeconfig = \"" +
                               kubeconfig(token_) + "\"\nnode = \"" + kName + "\"\n" + modules_;
}

std::string KubeNode::kubectl(std::vector<std::string> words) {
    words.insert(words.begin(), TERWAY_KUBECTL);
    const auto ran = run({.argv = words,
                          .env = {{"PATH", sim::kUsualPath},
                                  {"HOME", node_.files() / "home"},
                                  {"KUBECONFIG", kubeconfig("admin-token")}},
                          .netns_fd = node_.fd()});
    if (ran.exit != 0 || !ran.err.empty()) {
        throw Error(Status::Internal, words.at(1) + ": " + ran.err);
    }
    return ran.out;
}

std::unique_ptr<Daemon> KubeNode::start_daemon(const std::map<std::string, std::string>& env) {
    prepare();
    return node_.start(env);
}

std::unique_ptr<Daemon> KubeNode::launch_daemon() {
    prepare();
    return node_.launch();
}

void KubeNode::start_kubelet(const std::vector<std::string>& further_plugins) {
    json::array list{
        json::object{{"type", "terway"},
                     {"socket", node_.socket()},
                     {"queue", node_.queue()},
                     {"capabilities", json::object{{"io.kubernetes.cri.pod-annotations", true}}}}};
    for (const auto& plugin : further_plugins) {
        list.push_back(json::object{{"type", plugin}});
    }
    kubelet_ = std::make_unique<sim::kubelet::Kubelet>(
        server_, sim::kubelet::KubeletOptions{
                     .node = kName,
                     .addresses = addresses_,
                     .directory = node_.files() / "sandboxes",
                     .plugins = plugins(),
                     .conflist = {{"cniVersion", "1.0.0"}, {"name", "terway"}, {"plugins", list}},
                     .netns_fd = node_.fd()});
}

std::string KubeNode::create(const std::string& pod, const PodWish& wish) {
    const When when{server_.time()};
    return server_.with([&](Api& api) {
        const auto made =
            api.cluster().create(kind_named("pods"), "default", manifest(pod, wish), when);
        return sim::kube::meta_text(made->value, "uid");
    });
}

void KubeNode::remove(const std::string& pod, std::int64_t grace) {
    const When when{server_.time()};
    server_.with([&](Api& api) {
        (void)api.cluster().remove(kind_named("pods"), key_of(pod), {grace, "", ""}, when);
    });
}

void KubeNode::apply(const sim::kube::Kind& kind, const Key& key, const std::string& spec) {
    const When when{server_.time()};
    server_.with([&](Api& api) {
        const json::object patch{{"spec", json::parse(spec)}};
        if (api.store().find(kind.stored(), key) == nullptr) {
            (void)api.cluster().create(
                kind, key.space,
                {{"metadata", json::object{{"name", key.name}}}, {"spec", json::parse(spec)}},
                when);
        } else {
            (void)api.cluster().patch(kind, key, "", "application/merge-patch+json", patch, when);
        }
    });
}

void KubeNode::remove(const sim::kube::Kind& kind, const Key& key) {
    const When when{server_.time()};
    server_.with([&](Api& api) { (void)api.cluster().remove(kind, key, {0, "", ""}, when); });
}

void KubeNode::put(const std::string& kind, const std::string& name, const std::string& text) {
    const When when{server_.time()};
    const auto& of = kind_named(kind);
    server_.with([&](Api& api) {
        auto object = json::parse(text).as_object();
        if (api.store().find(of.stored(), key_of(name)) != nullptr) {
            (void)api.cluster().patch(of, key_of(name), "", "application/merge-patch+json", object,
                                      when);
            return;
        }
        sim::kube::metadata_of(object)["name"] = name;
        (void)api.cluster().create(of, "default", std::move(object), when);
    });
}

void KubeNode::drop(const std::string& kind, const std::string& name) {
    remove(kind_named(kind), key_of(name));
}

void KubeNode::apply_policy(const std::string& name, const std::string& spec) {
    apply(kind_named(kPolicies), key_of(name), spec);
}

void KubeNode::remove_policy(const std::string& name) {
    remove(kind_named(kPolicies), key_of(name));
}

void KubeNode::apply_cluster_policy(const std::string& name, const std::string& spec) {
    apply(kind_named(kClusterPolicies), {"", name}, spec);
}

void KubeNode::remove_cluster_policy(const std::string& name) {
    remove(kind_named(kClusterPolicies), {"", name});
}

void KubeNode::annotate(const std::string& pod, const std::string& name, const std::string& value) {
    patch_pod(pod, "annotations", name, value);
}

void KubeNode::label(const std::string& pod, const std::string& name, const std::string& value) {
    patch_pod(pod, "labels", name, value);
}

void KubeNode::patch_pod(const std::string& pod, const char* member, const std::string& name,
                         const std::string& value) {
    const When when{server_.time()};
    const json::object metadata{{member, json::object{{name, value}}}};
    server_.with([&](Api& api) {
        (void)api.cluster().patch(kind_named("pods"), key_of(pod), "",
                                  "application/merge-patch+json",
                                  json::object{{"metadata", metadata}}, when);
    });
}

json::object KubeNode::pod(const std::string& name) {
    return server_.with([&](Api& api) {
        const auto found = api.store().find(kind_named("pods").stored(), key_of(name));
        return found == nullptr ? json::object() : found->value;
    });
}

std::string KubeNode::phase(const std::string& name) {
    return sim::kube::text_at(pod(name), {"status", "phase"});
}

std::string KubeNode::annotation(const std::string& name, const std::string& key) {
    return sim::kube::text_at(pod(name), {"metadata", "annotations", key.c_str()});
}

std::vector<IpAddress> KubeNode::addresses(const std::string& name) {
    std::vector<IpAddress> all;
    const auto object = pod(name);
    const auto* ips = sim::kube::at_path(object, {"status", "podIPs"});
    for (const auto& each : ips == nullptr ? json::array() : ips->as_array()) {
        all.push_back(IpAddress::parse(std::string(each.at("ip").as_string())).value());
    }
    return all;
}

IpAddress KubeNode::await_running(const std::string& name) {
    if (!eventually([&] { return phase(name) == "Running"; }, kLimit)) {
        std::string told;
        for (const auto& event : events(name)) {
            told += "; " + event;
        }
        throw Error(Status::Gone,
                    "pod " + name + " does not run: " + json::serialize(pod(name)) + told);
    }
    return addresses(name).at(0);
}

std::vector<std::string> KubeNode::events(const std::string& name) {
    return server_.with([&](Api& api) {
        std::vector<std::string> all;
        const auto about = [&](const Key&, const sim::kube::Object& event) {
            return sim::kube::text_at(event.value, {"involvedObject", "name"}) == name;
        };
        const auto page =
            api.store().list(kind_named("events").stored(), "default", about, 0, {}, 0);
        for (const auto& [key, event] : page.items) {
            const auto text = [&](const char* member) {
                return sim::kube::text_at(event->value, {member});
            };
            all.push_back(text("type") + " " + text("reason") + ": " + text("message"));
        }
        return all;
    });
}

bool KubeNode::talks(const std::string& from, const std::string& to) {
    const auto sandbox = kubelet_->sandbox("default", from);
    const auto all = addresses(to);
    return sandbox != nullptr && !all.empty() &&
           std::all_of(all.begin(), all.end(),
                       [&](const IpAddress& each) { return ping(sandbox->fd(), each); });
}

}  // namespace terway::test
