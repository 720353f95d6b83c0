// Many requests at once: nobody's address is another's, and nothing is left in the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <latch>
#include <random>
#include <set>
#include <thread>

#include "kernel.hpp"
#include "node.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using testing::IsEmpty;

class DaemonStorm : public testing::Test {
protected:
    void make_pods(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            pods_.push_back(node_.sandbox(name(i)));
        }
    }
    static std::string name(std::size_t i) { return "pod" + std::to_string(i); }

    // Runs `work` for each pod, all at once.
    template <class Work>
    void all_at_once(const Work& work) {
        std::latch start(static_cast<std::ptrdiff_t>(pods_.size()));
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < pods_.size(); ++i) {
            threads.emplace_back([&, i] {
                start.arrive_and_wait();
                work(i);
            });
        }
    }

    // Addresses two records claim at this moment.
    [[nodiscard]] std::set<std::string> shared_addresses() const {
        std::set<std::string> seen;
        std::set<std::string> shared;
        const auto records = node_.ctl_json("endpoints");
        for (const auto& record : records.as_array()) {
            for (const auto& each : record.at("addresses").as_array()) {
                const std::string address(each.as_string());
                if (!seen.insert(address).second) {
                    shared.insert(address);
                }
            }
        }
        return shared;
    }

    [[nodiscard]] static std::size_t threads_of(pid_t pid) {
        const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/task");
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    // What they lead to, without the numbers of sockets.
    [[nodiscard]] static std::multiset<std::string> files_of(pid_t pid) {
        std::multiset<std::string> files;
        std::error_code closed;
        for (const auto& entry :
             std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
            const auto target = std::filesystem::read_symlink(entry.path(), closed).string();
            files.insert(target.starts_with("socket:") ? "socket" : target);
        }
        return files;
    }

    [[nodiscard]] static std::string content(const std::string& file) {
        std::ifstream in(file);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    Node node_;
    std::vector<std::unique_ptr<Sandbox>> pods_;
};

TEST_F(DaemonStorm, SixtyAddsAtOnceAndSixtyDelsAtOnceAllSucceed) {
    const auto daemon = node_.start();
    const auto before = snapshot(node_.fd());
    const auto first = node_.sandbox("first");
    ASSERT_TRUE(node_.add("first", *first).ok() && node_.del("first", *first).ok());
    ASSERT_EQ(settled(node_), "");
    auto files = files_of(daemon->pid());
    const auto threads = threads_of(daemon->pid());
    make_pods(60);
    std::vector<CniReply> added(pods_.size());
    all_at_once([&](std::size_t i) { added[i] = node_.add(name(i), *pods_[i]); });
    std::set<IpAddress> given;
    for (const auto& reply : added) {
        ASSERT_TRUE(reply.ok()) << reply.out;
        EXPECT_TRUE(given.insert(reply.v4()).second) << reply.v4().text() << " given twice";
        EXPECT_TRUE(given.insert(reply.v6()).second) << reply.v6().text() << " given twice";
    }
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(node_.ctl({"check"}).exit, 0);

    std::atomic<int> removed{0};
    all_at_once([&](std::size_t i) { removed += node_.del(name(i), *pods_[i]).ok() ? 1 : 0; });
    EXPECT_EQ(removed, 60);
    EXPECT_EQ(settled(node_), "");
    EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
    EXPECT_EQ(changes(before, snapshot(node_.fd())), "");
    // The server keeps a few threads for the next requests.
    EXPECT_TRUE(eventually([&] { return threads_of(daemon->pid()) <= threads + 8; }));
    // Modules may keep sockets for the next time, of two kinds (route, netfilter), of each as many
    // as the two lanes are wide: 2 and 32.
    auto left = files_of(daemon->pid());
    EXPECT_LE(left.count("socket"), files.count("socket") + 2 * 34);
    left.erase("socket");
    files.erase("socket");
    EXPECT_EQ(left, files);
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonStorm, RandomRequestsOnSharedKeysNeverGiveAnAddressTwice) {
    const auto daemon = node_.start();
    const auto before = snapshot(node_.fd());
    make_pods(4);
    constexpr int kThreads = 8;
    constexpr int kRequests = 25;
    {
        std::vector<std::jthread> threads;
        for (unsigned seed = 1; seed <= kThreads; ++seed) {
            threads.emplace_back([&, seed] {
                std::minstd_rand random(seed);
                for (int i = 0; i < kRequests; ++i) {
                    const auto pod = random() % pods_.size();
                    const auto* verb = std::array{"ADD", "ADD", "DEL", "CHECK"}.at(random() % 4);
                    CniCall call{.verb = verb, .container = name(pod), .netns = pods_[pod]->path()};
                    call.more["prevResult"] = boost::json::object{{"cniVersion", "1.1.0"}};
                    const auto reply = node_.cni(call);
                    // Refusals are fine where the state forbids the verb; nothing else is.
                    const std::set<int> expected = std::string(verb) == "DEL" ? std::set<int>{0}
                                                   : std::string(verb) == "ADD"
                                                       ? std::set<int>{0, 7}
                                                       : std::set<int>{0, 3, 7};
                    if (!expected.contains(reply.code()) || reply.ok() != (reply.code() == 0)) {
                        ADD_FAILURE() << verb << ": " << reply.out;
                    }
                }
            });
        }
        for (int i = 0; i < 10; ++i) {
            EXPECT_THAT(shared_addresses(), IsEmpty());
        }
    }
    EXPECT_EQ(settled(node_), "");
    for (std::size_t i = 0; i < pods_.size(); ++i) {
        EXPECT_TRUE(node_.del(name(i), *pods_[i]).ok());
    }
    EXPECT_EQ(settled(node_), "");
    EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
    EXPECT_EQ(changes(before, snapshot(node_.fd())), "");
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonStorm, ADelThatComesWhileItsAddRunsWaitsForItAndRemovesEverything) {
    make_pods(1);
    const auto& pod = *pods_.front();
    const auto pod_before = snapshot(pod.fd());
    for (const auto* step :
         {"add.leased", "add.recorded", "add.dataplane_attached", "add.activated", "add.ready"}) {
        for (const bool client_dies : {false, true}) {
            SCOPED_TRACE(std::string(step) + (client_dies ? ", client dies" : ""));
            const auto file = node_.files() / "checkpoints";
            std::ofstream(file).close();
            const auto daemon =
                node_.start({{"TERWAY_CHECKPOINT", "hang:" + std::string(step) + ":150"},
                             {"TERWAY_CHECKPOINT_LOG", file}});
            Process adder(
                node_.cni_command({.verb = "ADD", .container = "pod0", .netns = pod.path()}));
            ASSERT_TRUE(eventually([&] { return content(file).find(step) != std::string::npos; }));
            if (client_dies) {
                adder.signal(SIGKILL);
            }
            EXPECT_TRUE(node_.del("pod0", pod).ok());
            EXPECT_EQ(adder.wait(after(std::chrono::seconds(10))),
                      client_dies ? by_signal(SIGKILL) : 0);
            EXPECT_EQ(settled(node_), "");
            EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
            EXPECT_EQ(changes(pod_before, snapshot(pod.fd())), "");
            EXPECT_EQ(daemon->stop(), 0) << daemon->log();
        }
    }
}

}  // namespace
}  // namespace terway::test
