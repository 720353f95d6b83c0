// The state directory's disk fills up while the daemon runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.hpp"
#include "node.hpp"
#include "stream.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class DaemonFullDisk : public testing::Test {
protected:
    DaemonFullDisk() {
        ::mkdir(node_.state().c_str(), 0700);
        daemon_ = node_.start({}, PrivateTmpfs{node_.state(), "512k"});
    }

    // The disk as the daemon sees it.
    [[nodiscard]] std::string filler() const {
        return "/proc/" + std::to_string(daemon_->pid()) + "/root" + node_.state() + "/filler";
    }
    void fill() const {
        const Fd file(::open(filler().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        ASSERT_TRUE(file);
        const std::string block(4096, 'x');
        while (::write(file.get(), block.data(), block.size()) > 0) {
        }
        ASSERT_EQ(errno, ENOSPC);
    }
    void clear() const { ASSERT_EQ(::unlink(filler().c_str()), 0); }

    // Until the database has no room left in its own files either.
    void add_until_refused() {
        for (int i = 0; i < 200; ++i) {
            const auto name = "more" + std::to_string(i);
            pods_.push_back(node_.sandbox(name));
            const auto added = node_.add(name, *pods_.back());
            if (!added.ok()) {
                EXPECT_EQ(added.code(), 11) << added.out;
                EXPECT_THAT(added.message(), HasSubstr(node_.state() + "/terway.db"));
                return;
            }
        }
        FAIL() << "the disk does not fill up";
    }

    Node node_;
    std::unique_ptr<Daemon> daemon_;
    std::unique_ptr<Sandbox> pod_ = node_.sandbox("a");
    std::vector<std::unique_ptr<Sandbox>> pods_;
};

TEST_F(DaemonFullDisk, AddsAreRefusedDelsSucceedAndNothingLeaksOnceThereIsSpace) {
    const auto added = node_.add("c", *pod_);
    ASSERT_TRUE(added.ok()) << added.out;
    const Stream stream(node_.fd(), pod_->fd(), added.v4());
    const auto pod_before = snapshot(pod_->fd());
    fill();
    add_until_refused();
    EXPECT_EQ(settled(node_), "") << "the refused one has left nothing";
    EXPECT_EQ(changes(pod_before, snapshot(pod_->fd())), "");
    EXPECT_TRUE(stream.carries("still here"));

    const auto served = node_.ctl_json("endpoints").as_array().size();
    EXPECT_TRUE(node_.del("c", *pod_).ok());
    EXPECT_TRUE(
        eventually([&] { return Node::shell("ip -o link show type veth", pod_->fd()).empty(); }));
    for (std::size_t i = 0; i < pods_.size(); ++i) {
        EXPECT_TRUE(node_.del("more" + std::to_string(i), *pods_[i]).ok());
    }
    EXPECT_GE(served, 1U);
    clear();
    EXPECT_EQ(settled(node_), "");
    EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
    EXPECT_TRUE(node_.add("c", *pod_).ok());
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
}

}  // namespace
}  // namespace terway::test
