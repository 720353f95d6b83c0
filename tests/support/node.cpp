#include "node.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"
#include "unix_socket.hpp"

namespace terway::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

// On return IPv6 neighbour discovery works: it needs the link-local address, which comes late.
void raise(netlink::Socket& socket, int netns_fd, std::uint32_t link, const std::string& name) {
    {
        const NetnsScope scope(netns_fd);
        netlink::write_sysctl("net/ipv6/conf/" + name + "/accept_dad", "0");
    }
    netlink::change_link(socket, link, {.up = true});
}

void await_link_local(netlink::Socket& socket, std::uint32_t link) {
    const auto link_local = Prefix::parse("fe80::/10").value();
    const bool there = eventually([&] {
        const auto all = netlink::addresses(socket, link);
        return std::any_of(all.begin(), all.end(),
                           [&](const auto& each) { return link_local.contains(each.address()); });
    });
    if (!there) {
        throw Error(Status::Internal, "the uplink gets no link-local address");
    }
}

void make_uplink(int node, int outside) {
    auto here = netlink::Socket::in(node);
    auto there = netlink::Socket::in(outside);
    netlink::create_veth(here, {.name = "uplink"}, {.name = "node", .netns_fd = outside});
    const auto uplink = netlink::find_link(here, "uplink").value();
    const auto far_end = uplink.peer_index;
    const auto lo = netlink::find_link(there, "lo").value().index;
    raise(here, node, uplink.index, "uplink");
    raise(there, outside, far_end, "node");
    for (const auto& [near, far, cluster, length] :
         {std::tuple{Node::kNode4, Node::kOutside4, Node::kCluster4, 24U},
          std::tuple{Node::kNode6, Node::kOutside6, Node::kCluster6, 64U}}) {
        netlink::ensure_address(here, uplink.index, Prefix(ip(near), length));
        netlink::ensure_address(there, far_end, Prefix(ip(far), length));
        netlink::ensure_address(there, lo, Prefix::host(ip(cluster)));
        const Prefix any(ip(near).is_v4() ? ip("0.0.0.0") : ip("::"), 0);
        netlink::ensure_route(here, {.destination = any, .gateway = ip(far), .oif = uplink.index});
        // The VPC's route to the node's pods; what is masqueraded does not need it.
        const auto* pods = ip(near).is_v4() ? "172.20.0.0/16" : "fd00:20::/32";
        netlink::ensure_route(
            there,
            {.destination = Prefix::parse(pods).value(), .gateway = ip(near), .oif = far_end});
    }
    await_link_local(here, uplink.index);
    await_link_local(there, far_end);
}

std::string quoted(const std::vector<std::string>& texts) {
    std::string out;
    for (const auto& text : texts) {
        out += (out.empty() ? "\"" : ", \"") + text + "\"";
    }
    return "[" + out + "]";
}

}  // namespace

Node::Node(Settings settings, Netns node) : settings_(std::move(settings)), node_(std::move(node)) {
    for (const auto* directory : {"run", "pods"}) {
        fs::create_directory(files_ / directory);
        ::chmod((files_ / directory).c_str(), 0700);
    }
    const NetnsScope scope(node_.fd());
    netlink::write_sysctl("net/ipv4/ip_forward", "1");
    netlink::write_sysctl("net/ipv6/conf/all/forwarding", "1");
}

Node::Node(Settings settings) : Node(std::move(settings), Netns::create()) {
    outside_ = Netns::create();
    sim::raise_loopback(node_.fd());
    sim::raise_loopback(outside_->fd());
    make_uplink(node_.fd(), outside_->fd());
}

Node::~Node() = default;

void Node::write_profile() const {
    auto module_dirs = settings_.module_dirs;
    module_dirs.insert(module_dirs.end(), {TERWAY_MODULES, TERWAY_TEST_MODULES});
    std::ofstream out(profile());
    out << "profile = \"test\"\n[chain]\ndataplane = \"" << settings_.dataplane << "\"\n"
        << settings_.chain << "\n[node]\npod_cidrs = " << quoted(settings_.pod_cidrs)
        << "\n[pool]\ncool_down = \"" << settings_.cool_down << "\"\n"
        << settings_.pool << "\n[cloud]\n"
        << settings_.cloud << "\n[endpoint]\n"
        << settings_.endpoint << "\n[daemon]\nsocket = \"" << socket() << "\"\nstate_dir = \""
        << state() << "\"\nqueue = \"" << queue() << "\"\nmodule_dirs = " << quoted(module_dirs)
        << "\nadmin = \"unix:" << files_ / "run/admin.sock"
        << "\"\n"
        << settings_.daemon << "\n";
    if ((settings_.dataplane + settings_.chain).find("veth") != std::string::npos) {
        out << "[module.veth]\ncluster_cidrs = [\"172.20.0.0/16\", \"10.0.0.0/8\", "
               "\"fd00::/8\"]\n"
            << settings_.veth << "\n";
    }
    out << settings_.modules << "\n";
}

Command Node::daemon_command(const std::vector<std::string>& arguments) const {
    Command command{{TERWAY_DAEMON}, {{"PATH", sim::kUsualPath}}, {}, node_.fd(), {}, {}};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    return command;
}

std::unique_ptr<Daemon> Node::launch(const std::map<std::string, std::string>& env,
                                     const std::optional<PrivateTmpfs>& tmpfs) {
    write_profile();
    auto command = daemon_command({"--profile", profile()});
    command.env.insert(env.begin(), env.end());
    command.tmpfs = tmpfs;
    const auto notify = files_ / "run/notify";
    command.env["NOTIFY_SOCKET"] = notify;
    return std::make_unique<Daemon>(command, files_ / "terwayd.log", listen_datagram(notify));
}

std::unique_ptr<Daemon> Node::start(const std::map<std::string, std::string>& env,
                                    const std::optional<PrivateTmpfs>& tmpfs) {
    auto daemon = launch(env, tmpfs);
    if (!daemon->serves()) {
        throw Error(Status::Internal, "terwayd does not serve: " + daemon->log());
    }
    return daemon;
}

Outcome Node::run_daemon(const std::vector<std::string>& arguments,
                         const std::optional<uid_t>& uid) {
    if (!fs::exists(profile())) {
        write_profile();
    }
    auto command = daemon_command(arguments);
    command.uid = uid;
    return run(command);
}

std::unique_ptr<Sandbox> Node::sandbox(const std::string& name) {
    return std::make_unique<Sandbox>(files_ / "pods", name);
}

Command Node::cni_command(const CniCall& call) const {
    json::object config{{"cniVersion", call.version},
                        {"name", call.network},
                        {"type", "terway"},
                        {"socket", socket()},
                        {"queue", queue()}};
    for (const auto& member : call.more) {
        config[member.key()] = member.value();
    }
    Command command{{TERWAY_CNI},
                    {{"CNI_COMMAND", call.verb}, {"CNI_PATH", "/opt/cni/bin"}},
                    json::serialize(config),
                    node_.fd(),
                    {},
                    {}};
    const std::map<std::string, std::string> given{{"CNI_CONTAINERID", call.container},
                                                   {"CNI_IFNAME", call.ifname},
                                                   {"CNI_NETNS", call.netns},
                                                   {"CNI_ARGS", call.args}};
    const bool of_attachment = call.verb == "ADD" || call.verb == "DEL" || call.verb == "CHECK";
    for (const auto& [name, value] : given) {
        if (of_attachment && !value.empty()) {
            command.env[name] = value;
        }
    }
    command.env.insert(call.env.begin(), call.env.end());
    return command;
}

CniReply Node::cni(const CniCall& call) const {
    const auto outcome = run(cni_command(call));
    if (!outcome.err.empty()) {
        throw Error(Status::Internal, "the CNI binary complains: " + outcome.err);
    }
    return {outcome.exit, outcome.out,
            outcome.out.empty() ? json::value() : json::parse(outcome.out)};
}

CniReply Node::add(const std::string& container, const Sandbox& sandbox) const {
    return cni({.verb = "ADD", .container = container, .netns = sandbox.path()});
}

CniReply Node::del(const std::string& container, const std::string& netns) const {
    return cni({.verb = "DEL", .container = container, .netns = netns});
}

CniReply Node::del(const std::string& container, const Sandbox& sandbox) const {
    return del(container, sandbox.path());
}

CniReply Node::status() const {
    return cni({.verb = "STATUS"});
}

Command Node::ctl_command(const std::vector<std::string>& arguments) const {
    Command command{{TERWAY_CTL, "-s", socket()}, {}, {}, node_.fd(), {}, {}};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    return command;
}

Outcome Node::ctl(const std::vector<std::string>& arguments) const {
    return run(ctl_command(arguments));
}

std::unique_ptr<Process> Node::start_ctl(const std::vector<std::string>& arguments,
                                         int output) const {
    return std::make_unique<Process>(ctl_command(arguments), output, output);
}

json::value Node::ctl_json(const std::string& verb) const {
    const auto outcome = ctl({"-o", "json", verb});
    if (outcome.out.empty()) {
        throw Error(Status::Gone, "terwayctl " + verb + ": " + outcome.err);
    }
    return json::parse(outcome.out);
}

std::string Node::http(const std::string& target) const {
    return http_get(files_ / "run/admin.sock", target);
}

std::string Node::shell(const std::string& text, int netns_fd) {
    const auto outcome =
        run({{"/bin/sh", "-c", text}, {{"PATH", sim::kUsualPath}}, {}, netns_fd, {}, {}});
    if (outcome.exit != 0) {
        throw Error(Status::Internal, text + ": " + outcome.err + outcome.out);
    }
    return outcome.out;
}

std::vector<std::string> Node::tickets() const {
    std::vector<std::string> names;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(queue(), missing)) {
        if (entry.path().extension() == ".ticket") {
            names.push_back(entry.path());
        }
    }
    return names;
}

}  // namespace terway::test
