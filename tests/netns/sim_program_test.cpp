#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "patience.hpp"
#include "sim/process.hpp"
#include "sim/registration.hpp"
#include "sim_names.hpp"
#include "traffic.hpp"

namespace terway::sim {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// One terway-sim with its output in files; killed if still there at the end.
class Program {
public:
    Program(const std::vector<std::string>& arguments, const fs::path& directory)
        : out_(directory / "out"), err_(directory / "err") {
        constexpr int kWrite = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
        const Fd out(::open(out_.c_str(), kWrite, 0600));
        const Fd err(::open(err_.c_str(), kWrite, 0600));
        Command command{{TERWAY_SIM}, {{"PATH", kUsualPath}}, {}, -1, {}, {}};
        command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
        process_ = std::make_unique<Process>(command, out.get(), err.get());
    }

    Outcome stop(int signal) {
        process_->signal(signal);
        return wait();
    }
    Outcome wait() {
        const auto status = process_->wait(after(test::patience(std::chrono::seconds(60))));
        EXPECT_TRUE(status) << "terway-sim does not end";
        return {status.value_or(-1), read_file(out_), read_file(err_)};
    }

private:
    fs::path out_;
    fs::path err_;
    std::unique_ptr<Process> process_;
};

class SimProgram : public ::testing::Test {
protected:
    const std::string name_ = "simprog-" + std::to_string(::getpid());
    const fs::path directory_ = fs::temp_directory_path() / name_;
    const std::string ready_ = directory_ / "ready";

    void SetUp() override {
        test::remove_orphans("simprog-");
        fs::create_directories(directory_);
    }
    void TearDown() override {
        remove_leftovers(name_);
        fs::remove_all(directory_);
    }

    // A verb and its outcome; "--name" is added.
    [[nodiscard]] Outcome call(const std::string& verb,
                               const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments{verb, "--name", name_};
        arguments.insert(arguments.end(), more.begin(), more.end());
        fs::create_directories(directory_ / "call");
        return Program(arguments, directory_ / "call").wait();
    }

    const std::string two_nodes_ = std::string(TERWAY_TOPOLOGIES) + "/two-nodes.toml";

    [[nodiscard]] std::unique_ptr<Program> start(const std::vector<std::string>& more = {}) const {
        return start_with(two_nodes_, more);
    }
    [[nodiscard]] std::unique_ptr<Program> start_with(
        const std::string& topology, const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments{"run",          "--name", name_,
                                           "--ready-file", ready_,   topology};
        arguments.insert(arguments.end(), more.begin(), more.end());
        auto process = std::make_unique<Program>(arguments, directory_);
        EXPECT_TRUE(test::eventually([&] { return fs::exists(ready_); }, std::chrono::seconds(20)));
        return process;
    }

    [[nodiscard]] bool anything_left() const {
        for (const auto& entry : fs::directory_iterator("/run/netns")) {
            if (entry.path().filename().string().starts_with(name_ + "-")) {
                return true;
            }
        }
        return fs::exists(state_directory(name_)) || fs::exists(state_directory(name_) + ".lock");
    }
};

TEST_F(SimProgram, RunsUntilItIsToldToStopAndRemovesEverything) {
    const auto process = start();
    EXPECT_TRUE(anything_left());
    const auto outcome = process->stop(SIGTERM);
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    EXPECT_THAT(outcome.out,
                AllOf(HasSubstr("VPC 10.0.0.0/8"), HasSubstr("node node-a"),
                      HasSubstr("route 172.20.1.0/24 to node-a"), HasSubstr("\nready\n")));
    EXPECT_FALSE(anything_left());
}

TEST_F(SimProgram, ShowsExecutesAndCountsDropsWhileRunning) {
    const auto process = start();
    EXPECT_THAT(call("show").out, HasSubstr("ENI eni-node-b"));
    EXPECT_THAT(call("show", {"-o", "json"}).out, HasSubstr(R"("primary":"10.0.0.11")"));
    EXPECT_EQ(call("exec", {"node-a", "--", "ping", "-n", "-c1", "-W5", "10.0.0.11"}).exit, 0);
    EXPECT_EQ(call("exec", {"node-a", "--", "ping", "-n", "-c1", "-W5", "203.0.113.10"}).exit, 0);
    EXPECT_EQ(call("exec", {"node-a", "--", "ls", "/sys/class/net"}).out, "eth0\nlo\n");
    EXPECT_THAT(call("drops").out, HasSubstr("dropped nothing"));
    EXPECT_EQ(call("exec", {"node-a", "--", "ping", "-n", "-c1", "-W1", "10.0.0.77"}).exit, 1);
    EXPECT_THAT(call("drops", {"-o", "json"}).out,
                HasSubstr(R"({"reason":"no owner","eni":"eni-node-a","packets":1})"));
}

TEST_F(SimProgram, CommandsTheCloudOfARunningSimulation) {
    const auto process = start();
    EXPECT_THAT(call("enis").out, AllOf(HasSubstr("eni-node-a"), HasSubstr("InUse")));
    EXPECT_THAT(call("set", {"attach=2s..4s"}).out, HasSubstr("attach = 2s..4s"));
    EXPECT_EQ(call("set", {"colour=red"}).exit, 1);
    EXPECT_THAT(call("fault", {"add", "Attach*", "--code", "InternalError", "--once"}).out,
                HasSubstr("fault 1"));
    EXPECT_THAT(call("fault", {"list", "--json"}).out, HasSubstr(R"("action":"Attach*")"));
    EXPECT_EQ(call("fault", {"clear", "7"}).exit, 1);
    EXPECT_EQ(call("fault", {"clear"}).exit, 0);
    EXPECT_THAT(call("vswitch", {"drain", "vsw-a", "--leave", "3"}).out, HasSubstr("3 addresses"));
    EXPECT_THAT(call("routes").out, HasSubstr("172.20.1.0/24"));
    EXPECT_THAT(call("calls", {"--json", "--reset"}).out, HasSubstr(R"("total":0)"));
    EXPECT_THAT(call("eni", {"delete", "eni-node-a"}).err, HasSubstr("stays with it"));
    EXPECT_THAT(call("calls", {"--help"}).out, HasSubstr("--reset forgets"));
    EXPECT_EQ(process->stop(SIGTERM).exit, 0);
    EXPECT_FALSE(anything_left());
}

TEST_F(SimProgram, ServesTheApiOnTheMachineItselfByTlsUnderAnAuthorityOfItsOwn) {
    const auto process = start({"--listen", "127.0.0.1:0", "--tls"});
    const auto endpoint = read_file(state_directory(name_) + "/openapi");
    EXPECT_THAT(endpoint, HasSubstr("https://127.0.0.1:"));
    const auto ask = [&](const std::string& options) {
        return std::system(("curl -s " + options + " -o " + (directory_ / "answer").string() +
                            " '" + endpoint.substr(0, endpoint.find('\n')) +
                            "/?Action=DescribeInstances&Version=2014-05-26'")
                               .c_str());
    };
    EXPECT_EQ(ask("--cacert " + state_directory(name_) + "/ca.pem"), 0);
    EXPECT_THAT(read_file(directory_ / "answer"), HasSubstr("MissingAccessKeyId"));
    EXPECT_NE(ask(""), 0) << "nobody else trusts that authority";
    EXPECT_THAT(call("calls").out, HasSubstr("DescribeInstances"));
    EXPECT_EQ(process->stop(SIGTERM).exit, 0);
    EXPECT_FALSE(anything_left());
}

TEST_F(SimProgram, ServesKubernetesToThisMachineAndToItsNodes) {
    const std::string topology = directory_ / "kube.toml";
    write_file_durably(topology, read_file(two_nodes_) + "\n[kube]\n", 0600);
    const auto process = start_with(topology);
    const auto kubectl = [&](const std::string& config, std::vector<std::string> words) {
        std::vector<std::string> all{TERWAY_KUBECTL, "--kubeconfig",
                                     state_directory(name_) + config,
                                     "--cache-dir=" + (directory_ / "cache").string()};
        all.insert(all.end(), words.begin(), words.end());
        return all;
    };
    const auto here = run_program({kubectl("/kubeconfig", {"create", "namespace", "team"}),
                                   {{"PATH", kUsualPath}},
                                   {},
                                   -1,
                                   {},
                                   {}},
                                  after(test::patience(std::chrono::seconds(60))));
    EXPECT_EQ(here.exit, 0) << here.err;
    std::vector<std::string> inside{"node-a", "--"};
    const auto words = kubectl("/kubeconfig-nodes", {"get", "namespaces"});
    inside.insert(inside.end(), words.begin(), words.end());
    EXPECT_THAT(call("exec", inside).out, HasSubstr("team"));
    EXPECT_THAT(call("kubeconfig").out, HasSubstr("certificate-authority-data"));
    EXPECT_THAT(call("kubeconfig", {"--nodes"}).out, HasSubstr("https://100.100.0.6:6443"));
    EXPECT_THAT(call("kube", {"calls"}).out, HasSubstr("create namespaces"));
    EXPECT_EQ(call("kube", {"fault", "add", "list *", "--kind", "silent", "--once"}).exit, 0);
    EXPECT_EQ(call("kube", {"fault", "add", "list *", "--kind", "mean"}).exit, 1);
    EXPECT_THAT(call("kube", {"set", "rbac=true"}).out, HasSubstr("rbac = true"));
    EXPECT_THAT(call("kube", {"compact"}).out, HasSubstr("forgot"));
    EXPECT_EQ(call("kube", {"token", "add", "t", "--user", "u", "--for", "1m"}).exit, 0);
    EXPECT_THAT(call("kube", {"token", "list"}).out, HasSubstr("admin-token"));
    EXPECT_THAT(call("kube", {"objects"}).out, HasSubstr("namespaces"));
    EXPECT_EQ(process->stop(SIGTERM).exit, 0);
    EXPECT_FALSE(anything_left());
}

TEST_F(SimProgram, KubernetesIsThereOnlyIfTheTopologySaysSo) {
    const auto process = start();
    EXPECT_THAT(call("kube", {"calls"}).err, HasSubstr("needs a table [kube]"));
    EXPECT_EQ(call("kubeconfig").exit, 1);
    EXPECT_EQ(process->stop(SIGTERM).exit, 0);
}

TEST_F(SimProgram, CleanRemovesWhatAKilledRunLeft) {
    EXPECT_EQ(start()->stop(SIGKILL).exit, by_signal(SIGKILL));
    EXPECT_TRUE(anything_left());
    const auto cleaned = call("clean");
    EXPECT_EQ(cleaned.exit, 0) << cleaned.err;
    EXPECT_FALSE(anything_left());
    EXPECT_THAT(call("clean").out, HasSubstr("nothing is left"));
}

TEST_F(SimProgram, ARunAfterAKilledOneStartsAfresh) {
    EXPECT_EQ(start()->stop(SIGKILL).exit, by_signal(SIGKILL));
    fs::remove(ready_);
    const auto process = start();
    EXPECT_EQ(call("exec", {"node-b", "--", "ping", "-n", "-c1", "-W5", "10.0.0.10"}).exit, 0);
    EXPECT_EQ(process->stop(SIGINT).exit, 0);
    EXPECT_FALSE(anything_left());
}

TEST_F(SimProgram, RefusesASecondRunAndACleanOfARunningSimulation) {
    const auto process = start();
    const auto second = call("run", {std::string(TERWAY_TOPOLOGIES) + "/two-nodes.toml"});
    EXPECT_EQ(second.exit, 1);
    EXPECT_THAT(second.err, HasSubstr("is running already as process"));
    EXPECT_EQ(call("clean").exit, 1);
    EXPECT_EQ(call("exec", {"node-a", "--", "true"}).exit, 0);
}

TEST_F(SimProgram, SaysWhatIsWrongWithItsArguments) {
    EXPECT_EQ(call("frobnicate").exit, 2);
    EXPECT_THAT(call("run").err, HasSubstr("exactly one topology file is needed"));
    EXPECT_THAT(call("exec", {"node-a"}).err, HasSubstr("exec needs a node, -- and a command"));
    EXPECT_THAT(call("show", {"-o", "yaml"}).err, HasSubstr("the formats are text and json"));
    const auto absent = call("show");
    EXPECT_EQ(absent.exit, 1);
    EXPECT_THAT(absent.err, HasSubstr("is not running; start it with"));
}

}  // namespace
}  // namespace terway::sim
