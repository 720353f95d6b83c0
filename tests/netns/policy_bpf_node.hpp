// Two pods on a node whose policies are policy-bpf's, with maps that are small and go with the
// process.
#pragma once

#include <bpf/bpf.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "hook.hpp"
#include "netlink/link.hpp"
#include "netlink/tc.hpp"
#include "own_bpffs.hpp"
#include "policy_fixture.hpp"
#include "stream.hpp"

namespace terway::test {

class PolicyBpfNode : public PolicyNode {
protected:
    static constexpr std::uint32_t kSize = 1'024;  // of maps

    explicit PolicyBpfNode(std::uint32_t size = kSize)
        : PolicyNode(PolicyModule::Bpf, config(size)) {}

    static sdk::testing::ConfigTable config(std::uint32_t size = kSize) {
        sdk::testing::ConfigTable made;
        made.string("bpffs", own_bpffs());
        for (const auto* const key :
             {"max_connections", "max_addresses", "max_blocks", "max_rules"}) {
            made.integer(key, size);
        }
        return made;
    }

    // Everybody may be anything to "a"; "b" is reached at kOpen by whom the set has.
    void guard(std::vector<IpAddress> friends, const std::string& name = "friends") {
        apply({pods(name, std::move(friends))},
              {rules("a", Rules::open(), Rules::open()),
               rules("b", Rules::only(name, {set_id(name)}), Rules::open())});
    }
    void expect_guarded() {
        EXPECT_TRUE(passes(pod("a"), b_));
        EXPECT_TRUE(passes(pod("a"), b6_));
        EXPECT_TRUE(passes(pod("b"), a_, kShut));
        expect_closed_to_others();
    }
    void expect_closed_to_others() {
        EXPECT_FALSE(leaks(pod("a"), b_, kShut));
        EXPECT_FALSE(leaks(cluster_.external("e1"), b_));
        EXPECT_FALSE(leaks(cluster_.external("e1"), b6_));
    }
    void adopt(const std::string& name) {
        auto& of = cluster_.pod("x/" + name);
        cluster_.on_node("n1", [&] { cluster_.module("n1").adopt_policy(of.endpoint, of.made); });
    }

    // Of the pod's link, on the node.
    [[nodiscard]] netlink::Socket socket() const {
        return netlink::Socket::in(cluster_.node("n1").fd());
    }
    std::uint32_t link(const std::string& name) {
        return cluster_.pod("x/" + name).made.host_ifindex;
    }
    std::vector<netlink::Filter> filters(const std::string& name, netlink::Hook hook) {
        auto netlink = socket();
        return netlink::filters(netlink, link(name), hook);
    }
    // The filters of policy-bpf.
    std::vector<netlink::Filter> ours(const std::string& name, netlink::Hook hook) {
        auto all = filters(name, hook);
        std::erase_if(all,
                      [](const auto& filter) { return filter.priority != policy_bpf::kPriority; });
        return all;
    }
    // Directories of namespaces' pins.
    static std::vector<std::filesystem::path> pins() {
        std::vector<std::filesystem::path> out;
        std::error_code error;
        for (const auto& each :
             std::filesystem::directory_iterator(own_bpffs() + "/terway", error)) {
            out.push_back(each.path());
        }
        return out;
    }
    // Where the maps of this build are.
    static std::filesystem::path layout() {
        return pins().at(0) / ("policy-" + std::to_string(POLICY_LAYOUT));
    }
    // One of them, and how many elements it has.
    static Fd pinned(const char* map) {
        Fd found(::bpf_obj_get((layout() / map).c_str()));
        EXPECT_TRUE(found) << map;
        return found;
    }
    static std::size_t count(const Fd& map) {
        std::array<std::uint8_t, 64> key{};
        std::size_t found = 0;
        while (::bpf_map_get_next_key(map.get(), found == 0 ? nullptr : key.data(), key.data()) ==
               0) {
            ++found;
        }
        return found;
    }
};

}  // namespace terway::test
