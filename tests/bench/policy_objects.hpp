// A large cluster with NetworkPolicies, as its API server keeps it. Pure.
//
// Every policy lets in, and out to, pods of one app of its own namespace, of one of three tiers
// anywhere, and of a team's namespaces. So a pod's label "tier" is in address sets of all nodes
// that have a few pods, "app" in rules of its own namespace only.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <string>

namespace terway::bench {

struct PolicyScale {
    unsigned pods = 10'000;
    unsigned spaces = 1'000;  // even
    unsigned policies = 2'000;
    unsigned local = 100;  // of the pods, on the node under test
};

// Throws Error if the cluster would be too small for what is measured in it.
void check_scale(const PolicyScale& scale);

class PolicyObjects {
public:
    static constexpr unsigned kTiers = 3;
    static constexpr const char* kNode = "node-a";

    explicit PolicyObjects(const PolicyScale& scale) : scale_(scale) {}

    [[nodiscard]] const PolicyScale& scale() const { return scale_; }
    [[nodiscard]] boost::json::object space(unsigned number) const;
    // Numbers from `pods` on are of pods that may come. Local ones have no address yet.
    [[nodiscard]] boost::json::object pod(unsigned number) const;
    [[nodiscard]] boost::json::object policy(unsigned number) const;

    [[nodiscard]] static std::string space_name(unsigned number);
    [[nodiscard]] static std::string pod_name(unsigned number);
    [[nodiscard]] std::string space_of_pod(unsigned number) const;
    [[nodiscard]] static std::string address_of_pod(unsigned number);
    // The pod's number.
    [[nodiscard]] unsigned local(unsigned ordinal) const;
    [[nodiscard]] bool is_local(unsigned number) const;
    // Whether the label "app" of a pod decides which policies select it; and the label with which
    // some do.
    [[nodiscard]] bool is_chosen_by_app(unsigned number) const;
    [[nodiscard]] std::string chosen_app(unsigned number) const;

    [[nodiscard]] static std::string tier(unsigned number);

private:
    PolicyScale scale_;
};

// With that address, and running.
void give_address(boost::json::object& pod, const std::string& address);
void set_label(boost::json::object& pod, const std::string& key, const std::string& value);
[[nodiscard]] std::string label(const boost::json::object& pod, const std::string& key);

}  // namespace terway::bench
