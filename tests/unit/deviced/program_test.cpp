// terway-deviced as a process, between a kubelet and a daemon that are not real.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string>

#include "base/file.hpp"
#include "fakes/fake_control.hpp"
#include "fakes/fake_kubelet.hpp"
#include "patience.hpp"
#include "sim/process.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"

namespace terway::deviced {
namespace {

namespace fs = std::filesystem;
using fakes::FakeControl;
using fakes::FakeKubelet;
using std::chrono::seconds;
using test::eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr seconds kLimit{20};

std::string pool_of(int capacity, int allocated = 0) {
    return R"({"exclusive_enis": {"capacity": )" + std::to_string(capacity) + R"(, "allocated": )" +
           std::to_string(allocated) + R"(, "warm": 0}, "enis": []})";
}

FakeKubelet::Health healthy(int count) {
    FakeKubelet::Health devices;
    for (int i = 0; i < count; ++i) {
        devices["eni-" + std::to_string(i)] = true;
    }
    return devices;
}

std::string fresh_directory() {
    std::string name = fs::temp_directory_path() / "terway-deviced-XXXXXX";
    return ::mkdtemp(name.data()) == nullptr ? throw system_error("mkdtemp", errno) : name;
}

// A socket file that nobody listens at.
void leave_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw system_error("bind " + path, errno);
    }
}

class DevicedTest : public ::testing::Test {
protected:
    DevicedTest() { fs::create_directory(plugins_); }
    ~DevicedTest() override {
        program_.reset();
        kubelet_.stop();
        if (HasFailure()) {
            std::ifstream log(log_);
            std::cerr << log.rdbuf();
        }
        fs::remove_all(directory_);
    }

    using Options = std::map<std::string, std::string>;

    [[nodiscard]] sim::Command command(Options options) const {
        options.merge(
            Options{{"--socket", daemon_socket_}, {"--kubelet-dir", plugins_}, {"--poll", "0.05"}});
        sim::Command made;
        made.argv = {TERWAY_DEVICED_PROGRAM};
        for (const auto& [name, value] : options) {
            made.argv.push_back(value.empty() ? name : name + "=" + value);
        }
        return made;
    }
    [[nodiscard]] sim::Outcome run(const Options& more) const {
        return sim::run_program(command(more), after(test::patience(kLimit)));
    }
    void start(const Options& more = {}) {
        const Fd log(::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        program_.emplace(command(more), -1, log.get());
    }
    void start_with(int capacity) {
        daemon_.emplace(daemon_socket_, pool_of(capacity));
        kubelet_.start();
        start();
        ASSERT_TRUE(lists(healthy(capacity)));
    }
    [[nodiscard]] std::optional<sim::ExitCode> stop() {
        program_->signal(SIGTERM);
        return program_->wait(after(test::patience(kLimit)));
    }
    // What the kubelet is told, sooner or later.
    [[nodiscard]] bool lists(const FakeKubelet::Health& devices) {
        return eventually([&] { return kubelet_.devices() == devices; }, kLimit);
    }
    [[nodiscard]] bool registers(std::size_t times) {
        return eventually([&] { return kubelet_.registrations().size() >= times; }, kLimit);
    }
    // Until the daemon has been asked, and the answer acted on, since it last said something new.
    [[nodiscard]] bool asks_twice() {
        return eventually([&] { return daemon_->questions() >= 2; }, kLimit);
    }
    [[nodiscard]] bool logs(const std::string& text) const {
        return eventually([&] { return read_file(log_).find(text) != std::string::npos; }, kLimit);
    }

    const std::string directory_ = fresh_directory();
    const std::string plugins_ = directory_ + "/device-plugins";
    const std::string socket_ = plugins_ + "/terway-eni.sock";
    const std::string daemon_socket_ = directory_ + "/daemon.sock";
    const std::string log_ = directory_ + "/log";
    FakeKubelet kubelet_{plugins_};
    std::optional<FakeControl> daemon_;
    std::optional<sim::Process> program_;
};

TEST_F(DevicedTest, RegistersOnceTheDaemonKnowsItsCapacity) {
    daemon_.emplace(daemon_socket_, pool_of(0));
    kubelet_.start();
    start();
    ASSERT_TRUE(asks_twice());
    EXPECT_THAT(kubelet_.registrations(), IsEmpty());
    daemon_->say(pool_of(3));
    EXPECT_TRUE(lists(healthy(3)));
    const auto all = kubelet_.registrations();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].version(), "v1beta1");
    EXPECT_EQ(all[0].endpoint(), "terway-eni.sock");
    EXPECT_EQ(all[0].resource_name(), "aliyun/eni");
    EXPECT_TRUE(all[0].options().get_preferred_allocation_available());
    EXPECT_FALSE(all[0].options().pre_start_required());
    EXPECT_TRUE(kubelet_.options().get_preferred_allocation_available());
}

TEST_F(DevicedTest, OffersAnotherResourceAtAnotherSocketWhenTold) {
    daemon_.emplace(daemon_socket_, pool_of(1));
    kubelet_.start();
    start({{"--resource", "example.com/nic"}, {"--endpoint", "nic.sock"}});
    ASSERT_TRUE(lists(healthy(1)));
    EXPECT_EQ(kubelet_.registrations().at(0).resource_name(), "example.com/nic");
    EXPECT_TRUE(fs::is_socket(plugins_ + "/nic.sock"));
    EXPECT_FALSE(fs::exists(socket_));
}

TEST_F(DevicedTest, SendsTheListAgainWhenTheDaemonSaysAnotherNumber) {
    start_with(2);
    daemon_->say(pool_of(4));
    EXPECT_TRUE(lists(healthy(4)));
    daemon_->say(pool_of(3));
    auto fewer = healthy(4);
    fewer["eni-3"] = false;
    EXPECT_TRUE(lists(fewer));
    EXPECT_EQ(kubelet_.registrations().size(), 1U);
}

TEST_F(DevicedTest, AllocatesWithoutHandingAnythingToContainers) {
    start_with(3);
    const auto [status, response] = kubelet_.allocate({{"eni-0"}, {"eni-1", "eni-2"}});
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.container_responses_size(), 2);
    EXPECT_EQ(response.SerializeAsString(), std::string("\x0a\0\x0a\0", 4));
    EXPECT_TRUE(kubelet_.pre_start({"eni-0"}).ok());
}

TEST_F(DevicedTest, RefusesToAllocateWhatItNeverListed) {
    start_with(2);
    EXPECT_EQ(kubelet_.allocate({{"eni-2"}}).first.error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DevicedTest, SparesDevicesOfPodsWhenThereAreFewer) {
    start_with(3);
    ASSERT_TRUE(kubelet_.allocate({{"eni-2"}}).first.ok());
    daemon_->say(pool_of(2, 1));
    EXPECT_TRUE(lists({{"eni-0", true}, {"eni-1", false}, {"eni-2", true}}));
}

TEST_F(DevicedTest, PrefersTheLowestNumbers) {
    start_with(12);
    EXPECT_THAT(kubelet_.preferred({"eni-11", "eni-3", "eni-2"}, {"eni-11"}, 2),
                ElementsAre("eni-11", "eni-2"));
}

TEST_F(DevicedTest, RegistersAgainWithAKubeletThatRestarts) {
    start_with(2);
    for (std::size_t times = 2; times < 5; ++times) {
        kubelet_.stop();
        kubelet_.start();
        EXPECT_TRUE(registers(times));
        EXPECT_TRUE(lists(healthy(2)));
    }
}

TEST_F(DevicedTest, RegistersAgainWithAKubeletThatLeavesOurSocketAlone) {
    start_with(2);
    kubelet_.stop();
    ASSERT_TRUE(fs::is_socket(socket_));
    kubelet_.start(FakeKubelet::Start::KeepFiles);
    EXPECT_TRUE(registers(2));
    EXPECT_TRUE(lists(healthy(2)));
}

TEST_F(DevicedTest, MakesItsSocketAgainWhenSomebodyRemovesIt) {
    start_with(2);
    fs::remove(socket_);
    EXPECT_TRUE(registers(2));
    EXPECT_TRUE(lists(healthy(2)));
    EXPECT_TRUE(kubelet_.allocate({{"eni-0"}}).first.ok());
}

TEST_F(DevicedTest, MakesItsSocketAgainWhenTheWholeDirectoryWasRemoved) {
    start_with(2);
    kubelet_.stop();
    fs::remove_all(plugins_);
    fs::create_directory(plugins_);
    kubelet_.start();
    EXPECT_TRUE(registers(2));
    EXPECT_TRUE(lists(healthy(2)));
}

TEST_F(DevicedTest, WaitsForAKubeletThatComesLater) {
    fs::remove(plugins_);
    daemon_.emplace(daemon_socket_, pool_of(2));
    start();
    ASSERT_TRUE(logs("cannot serve"));
    fs::create_directory(plugins_);
    kubelet_.start();
    EXPECT_TRUE(lists(healthy(2)));
}

TEST_F(DevicedTest, TriesAgainWithAKubeletThatRefuses) {
    daemon_.emplace(daemon_socket_, pool_of(2));
    kubelet_.refuse(true);
    kubelet_.start();
    start();
    ASSERT_TRUE(eventually([&] { return kubelet_.refused() >= 2; }, kLimit));
    kubelet_.refuse(false);
    EXPECT_TRUE(lists(healthy(2)));
}

TEST_F(DevicedTest, BelievesADaemonThatIsAwayForAWhile) {
    start_with(2);
    daemon_.reset();
    ASSERT_TRUE(logs("no number of ENIs from the daemon"));
    EXPECT_EQ(kubelet_.devices(), healthy(2));
    daemon_.emplace(daemon_socket_, pool_of(3));
    EXPECT_TRUE(lists(healthy(3)));
    EXPECT_EQ(kubelet_.registrations().size(), 1U);
}

TEST_F(DevicedTest, MarksAllDevicesUnhealthyWhenTheDaemonStaysAway) {
    daemon_.emplace(daemon_socket_, pool_of(2));
    kubelet_.start();
    start({{"--patience", "0.3"}});
    ASSERT_TRUE(lists(healthy(2)));
    daemon_.reset();
    EXPECT_TRUE(lists({{"eni-0", false}, {"eni-1", false}}));
    daemon_.emplace(daemon_socket_, pool_of(2));
    EXPECT_TRUE(lists(healthy(2)));
    EXPECT_EQ(kubelet_.registrations().size(), 1U);
}

TEST_F(DevicedTest, RefusesToBeASecondOne) {
    start_with(2);
    const auto second = run({});
    EXPECT_EQ(second.exit, 1);
    EXPECT_THAT(second.err, HasSubstr("another terway-deviced serves it"));
    fs::remove(socket_);  // the kubelet does that whenever it starts
    EXPECT_EQ(run({}).exit, 1);
    EXPECT_TRUE(registers(2));
    EXPECT_TRUE(lists(healthy(2)));
}

TEST_F(DevicedTest, TakesAwayNothingButItsOwnStaleSocket) {
    leave_socket(socket_);
    leave_socket(plugins_ + "/other-eni.sock");
    std::ofstream(plugins_ + "/kubelet_internal_checkpoint") << "{}";
    daemon_.emplace(daemon_socket_, pool_of(2));
    kubelet_.start(FakeKubelet::Start::KeepFiles);
    start();
    EXPECT_TRUE(lists(healthy(2)));
    EXPECT_EQ(stop(), 0);
    EXPECT_FALSE(fs::exists(socket_));
    EXPECT_TRUE(fs::is_socket(plugins_ + "/kubelet.sock"));
    EXPECT_TRUE(fs::is_socket(plugins_ + "/other-eni.sock"));
    EXPECT_TRUE(fs::exists(plugins_ + "/kubelet_internal_checkpoint"));
}

TEST_F(DevicedTest, LeavesAFileAloneThatIsNoSocket) {
    std::ofstream(socket_) << "precious";
    const auto outcome = run({});
    EXPECT_EQ(outcome.exit, 2);
    EXPECT_THAT(outcome.err, HasSubstr("no socket"));
    EXPECT_EQ(read_file(socket_), "precious");
}

TEST_F(DevicedTest, EndsCleanlyWhetherOrNotAnybodyIsThere) {
    start();
    ASSERT_TRUE(logs("no number of ENIs from the daemon"));
    EXPECT_EQ(stop(), 0);
    EXPECT_THAT(read_file(log_), HasSubstr("msg=stopped"));
    start_with(2);
    EXPECT_EQ(stop(), 0);
    EXPECT_TRUE(lists({}));
}

TEST_F(DevicedTest, SaysThatTheKubeletsDirectoryIsNotThere) {
    fs::remove_all(plugins_);
    daemon_.emplace(daemon_socket_, pool_of(2));
    start();
    EXPECT_TRUE(logs("there is no directory " + plugins_));
    fs::create_directory(plugins_);
    kubelet_.start();
    EXPECT_TRUE(lists(healthy(2)));
}

TEST_F(DevicedTest, SaysWhatItIs) {
    EXPECT_THAT(run({{"--help", ""}}).out, HasSubstr("--kubelet-dir"));
    EXPECT_THAT(run({{"--version", ""}}).out, HasSubstr("terway-deviced "));
}

TEST_F(DevicedTest, RefusesOptionsThatMakeNoSense) {
    for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
             {"--resource", "eni"},
             {"--resource", "a/b/c"},
             {"--resource", "kubernetes.io/eni"},
             {"--resource", "aliyun/"},
             {"--endpoint", "../other.sock"},
             {"--endpoint", "kubelet.sock"},
             {"--poll", "0"},
             {"--patience", "-1"},
             {"--patience", "nan"},
             {"--log-level", "loud"},
             {"--kubelet-dir", "/" + std::string(120, 'x')},
             {"--strange", "1"}}) {
        const auto outcome = run({{option, value}});
        EXPECT_EQ(outcome.exit, 2) << option << " " << value;
        EXPECT_THAT(outcome.err, HasSubstr("terway-deviced: ")) << option << " " << value;
    }
}

}  // namespace
}  // namespace terway::deviced
