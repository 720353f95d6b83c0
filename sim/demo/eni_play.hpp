// What scenes on ENIs have in common: a cloud, two nodes on it, and pods that come from warm pools.
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

inline constexpr std::chrono::seconds kRecovery{20};  // of what takes calls of the cloud
inline constexpr std::uint16_t kServicePort = 80;

// [cloud] of every node; further keys of it may follow.
inline constexpr const char* kCloudSection = R"([cloud]
cluster = "demo"
credentials = "role"
ecs_endpoint = "http://100.100.0.1"
vpc_endpoint = "http://100.100.0.1"
sts_endpoint = "http://100.100.0.1"
)";

// A node with what is known of it.
struct Host {
    Host(Simulation& simulation, const std::string& name, const std::string& profile,
         const Binaries& binaries);

    // The next one: node-a's are a1, a2, ...
    Pod& make_pod();
    // Of node-a or node-b.
    [[nodiscard]] IpAddress address(Family family) const;

    Node node;
    CloudView cloud;
    std::list<Pod> pods;
    std::vector<std::string> before;  // the kernel's state without a pod

private:
    unsigned made_ = 0;
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

// ", IPv4".
[[nodiscard]] std::string suffix(Family family);
// The pool reads the cloud now and then. Returns when it has just done so.
void await_lull(const CloudView& cloud);
// Throws Error if it is on none.
[[nodiscard]] const std::string& eni_of(const PoolView& pool, const Pod& pod);

// The dataplane the daemon chose. Throws Error if it does not know the pod.
[[nodiscard]] std::string dataplane_of(const Node& node, const Pod& pod);
// What terwayctl says: "ENIs for one pod alone: 2 allocated, ...". Throws Error if it says nothing.
[[nodiscard]] std::string whole_enis(const Node& node);

// Members are made in order and vanish in reverse.
class EniPlay {
public:
    explicit EniPlay(Story& story) : story_(story), stage_(story) {}

protected:
    // Tells an act of its own and leaves it open for the daemons. Throws Error if nothing came of
    // it.
    void build_cloud(const char* topology, const std::string& said);
    void start_daemon(const std::string& name, const std::string& title,
                      const std::string& profile);

    // A step that holds if the ADDs of `count` pods changed nothing at the cloud.
    void add_warm(Host& host, std::size_t count);
    void add_servers(const std::vector<int>& namespaces);
    // As kube-proxy would: TCP to the Service's port 80 goes to the backend's echo server.
    static void serve(Host& host, const std::vector<IpAddress>& services, const Pod& backend);
    static void unserve(Host& host);

    void kill_daemon(Host& host, Conversation& stream);
    // Connections, records, kernel and pool are as they were.
    void revive_daemon(const std::string& claim, Host& host, Conversation& stream);

    // All pods of the node at once.
    void remove_all(Host& host);
    // The kernel is as before the first pod, but for ENIs that come and go.
    [[nodiscard]] static std::string nothing_left(const Host& host);

    // Throws Error if two pods have an address in common.
    [[nodiscard]] std::string all_different() const;
    // Pool, cloud, records and kernel come to agree.
    void settle(const std::string& claim, Host& host);

    Host& a() { return hosts_.front(); }
    Host& b() { return hosts_.back(); }

    Story& story_;
    Stage stage_;
    std::unique_ptr<Simulation> simulation_;
    std::list<Host> hosts_;
    std::optional<Netns> outside_;
    std::list<EchoServer> servers_;
};

}  // namespace terway::sim::demo
