// ENI secondary IP: two nodes and a cloud that throttles, loses answers and goes away.
#pragma once

#include <future>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/demo/cluster.hpp"
#include "sim/demo/eni_view.hpp"
#include "sim/demo/probe.hpp"
#include "sim/demo/stage.hpp"
#include "sim/demo/story.hpp"
#include "sim/simulation.hpp"

namespace terway::sim::demo {

// A node with what is known of it.
struct Host {
    Host(Simulation& simulation, const std::string& name, const Binaries& binaries);

    // The next one: node-a's are a1, a2, ...
    Pod& make_pod();

    Node node;
    CloudView cloud;
    std::list<Pod> pods;
    std::vector<std::string> before;  // the kernel's state without a pod
};

// ADDs at the same time, each by a CNI binary of its own.
class Crowd {
public:
    Crowd(Host& host, std::size_t count);
    // Waits for all and answers their names' range and the time of the last one. Throws the first
    // Error.
    std::string join();

private:
    std::string names_;
    const Deadline begin_ = Clock::now();
    std::vector<std::future<void>> adds_;
};

// The whole play; members are made in order and vanish in reverse.
class SecondaryIp {
public:
    explicit SecondaryIp(Story& story) : story_(story), stage_(story) {}
    void perform();

private:
    void build_cloud();
    void start_daemon(const std::string& name, const Binaries& binaries);
    void warm_up();
    void add_warm();
    void open_servers();
    void talk();
    void cheat();
    void grow();

    void be_throttled();
    void lose_answers();
    void lose_cloud();
    void kill_without_cloud(Conversation& stream);

    void meddle();
    void mend(const std::string& claim, const std::vector<std::vector<std::string>>& harm,
              const std::vector<std::string>& look);
    void lose_eni();

    void remove_pods();
    void give_back(Host& host);
    [[nodiscard]] std::string nothing_left(const Host& host) const;

    // Throws Error if two pods have an address in common.
    [[nodiscard]] std::string all_different() const;
    void settle(const std::string& claim, Host& host);

    Host& a() { return hosts_.front(); }
    Host& b() { return hosts_.back(); }

    Story& story_;
    Stage stage_;
    std::unique_ptr<Simulation> simulation_;
    std::list<Host> hosts_;
    Pod* a1_ = nullptr;
    Pod* a2_ = nullptr;
    Pod* b1_ = nullptr;
    std::optional<Netns> outside_;
    std::list<EchoServer> servers_;
};

}  // namespace terway::sim::demo
