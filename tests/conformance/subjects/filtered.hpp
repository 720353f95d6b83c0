// A policy module in its simplest form: an nftables table for each endpoint, replaced as a whole.
#pragma once

#include <nftables/libnftables.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <terway/module.hpp>
#include <utility>
#include <vector>

#include "base/address.hpp"

namespace example {

using terway::Error;
using terway::Prefix;
using terway::Status;
using terway::sdk::Call;
using terway::sdk::EndpointView;
using terway::sdk::view;

class Filtered : public terway::sdk::Module, public terway::sdk::Policy {
public:
    using Module::Module;

    void configure(terway::sdk::Config&) override {}

    void attach_policy(const Call&, const EndpointView& endpoint, const twy_attachment&) override {
        const std::lock_guard lock(mutex_);
        const std::string key = key_of(endpoint.raw().container_id, endpoint.raw().ifname);
        links_[key] = endpoint.host_ifname();
        load(key);
    }

    void detach_policy(const Call&, const EndpointView& endpoint) override {
        const std::lock_guard lock(mutex_);
        const std::string name = table_of(std::string(endpoint.host_ifname()));
        nft("add table " + name + "\ndelete table " + name + "\n");
        const std::string key = key_of(endpoint.raw().container_id, endpoint.raw().ifname);
        links_.erase(key);
        listings_.erase(key);
    }

    void check_policy(const Call&, const EndpointView& endpoint, const twy_attachment&) override {
        const std::lock_guard lock(mutex_);
        const std::string key = key_of(endpoint.raw().container_id, endpoint.raw().ifname);
        const std::string name = table_of(std::string(endpoint.host_ifname()));
        if (nft("list table " + name + "\n") != listings_[key]) {
            throw Error(Status::Internal, "nftables table " + name + " has been changed");
        }
    }

    void adopt_policy(const Call&, const EndpointView& endpoint, const twy_attachment&) override {
        const std::lock_guard lock(mutex_);
        const std::string key = key_of(endpoint.raw().container_id, endpoint.raw().ifname);
        const std::string link(endpoint.host_ifname());
        const bool known = links_.contains(key);
        links_[key] = link;
        if (!known &&
            nft("list tables\n").find("table " + table_of(link) + "\n") != std::string::npos) {
            // What an earlier daemon put in force stays until the first apply.
            listings_[key] = listing(table_of(link));
        } else {
            load(key);
        }
    }

    void apply(const Call&, const twy_policy_update& update) override {
        const std::lock_guard lock(mutex_);
        if (update.is_full != 0) {
            sets_.clear();
            rules_.clear();
        }
        for (std::size_t i = 0; i < update.set_count; ++i) {
            take(*update.sets[i]);
        }
        for (std::size_t i = 0; i < update.endpoint_count; ++i) {
            const auto& of = *update.endpoints[i];
            rules_[key_of(of.key.container_id, of.key.ifname)] = {rules_of(*of.ingress),
                                                                  rules_of(*of.egress)};
        }
        for (std::size_t i = 0; i < update.gone_endpoint_count; ++i) {
            const auto& key = update.gone_endpoints[i];
            rules_.erase(key_of(key.container_id, key.ifname));
        }
        for (std::size_t i = 0; i < update.gone_set_count; ++i) {
            sets_.erase(id_of(update.gone_sets[i]));
        }
        for (const auto& [key, link] : links_) {
            load(key);
        }
    }

    twy_policy_counters observe_policy(const Call&, const EndpointView&,
                                       const twy_attachment&) override {
        return terway::sdk::sized<twy_policy_counters>();
    }

protected:
    // What holds for an endpoint no rule set names.
    [[nodiscard]] virtual std::string unnamed(const std::string& link) const {
        return body_of(link, {true, {}}, {true, {}});
    }

    static std::string address(std::uint8_t family, const std::uint8_t* bytes) {
        twy_prefix host{};
        host.family = family;
        host.length = family == 4 ? 32 : 128;
        std::copy(bytes, bytes + 16, host.bytes);
        return Prefix::from_abi(host).address().text();
    }

    // What nft prints. Throws Error.
    static std::string nft(const std::string& commands) {
        const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(nft_ctx_new(NFT_CTX_DEFAULT),
                                                                   nft_ctx_free);
        if (!context) {
            throw Error(Status::Retry, "open nftables");
        }
        nft_ctx_buffer_output(context.get());
        nft_ctx_buffer_error(context.get());
        if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) != 0) {
            throw Error(Status::Internal,
                        std::string("nftables: ") + nft_ctx_get_error_buffer(context.get()));
        }
        return nft_ctx_get_output_buffer(context.get());
    }

private:
    static std::string key_of(twy_str container_id, twy_str ifname) {
        return std::string(view(container_id)) + "/" + std::string(view(ifname));
    }
    static std::string table_of(const std::string& link) { return "inet test-" + link; }

    using Id = std::pair<std::uint64_t, std::uint64_t>;
    struct Rule {
        std::string ports;  // "udp dport 1-2"
        bool any = false;
        std::vector<Id> sets;
    };
    struct Rules {
        bool is_isolated = false;
        std::vector<Rule> allowed;
    };
    struct Members {
        std::set<std::string> v4;
        std::set<std::string> v6;
    };

    static Id id_of(const twy_id& id) { return {id.high, id.low}; }

    static std::string element(const twy_member& member) {
        const auto first = address(member.family, member.first);
        const auto last = address(member.family, member.last);
        return first == last ? first : first + "-" + last;
    }

    void take(const twy_set_change& change) {
        auto& members = sets_[id_of(change.id)];
        for (std::size_t i = 0; i < change.added_count; ++i) {
            const auto& each = change.added[i];
            (each.family == 4 ? members.v4 : members.v6).insert(element(each));
        }
        for (std::size_t i = 0; i < change.removed_count; ++i) {
            const auto& each = change.removed[i];
            (each.family == 4 ? members.v4 : members.v6).erase(element(each));
        }
    }

    // One tier at most, and nothing in it but what is allowed.
    static Rules rules_of(const twy_rule_set& set) {
        Rules rules;
        rules.is_isolated = set.tier_count > 0;
        for (std::size_t i = 0; rules.is_isolated && i < set.tiers[0]->class_count; ++i) {
            const auto& ports = *set.tiers[0]->classes[i];
            const auto& match = *ports.matches[0];
            auto& rule = rules.allowed.emplace_back();
            rule.ports = std::string(ports.protocol == 17 ? "udp" : "tcp") + " dport " +
                         std::to_string(ports.first) + "-" + std::to_string(ports.last);
            rule.any = match.any != 0;
            for (std::size_t j = 0; j < match.set_count; ++j) {
                rule.sets.push_back(id_of(match.sets[j]));
            }
        }
        return rules;
    }

    static std::string list(const std::set<std::string>& elements) {
        std::string text;
        for (const auto& each : elements) {
            text += (text.empty() ? "" : ", ") + each;
        }
        return text;
    }

    [[nodiscard]] std::string chain(const Rules& rules, const char* side) const {
        std::string text;
        for (const auto& rule : rules.allowed) {
            if (rule.any) {
                text += rule.ports + " accept\n";
            }
            for (const auto& id : rule.sets) {
                const auto& members = sets_.at(id);
                if (!members.v4.empty()) {
                    text += std::string("ip ") + side + " { " + list(members.v4) + " } " +
                            rule.ports + " accept\n";
                }
                if (!members.v6.empty()) {
                    text += std::string("ip6 ") + side + " { " + list(members.v6) + " } " +
                            rule.ports + " accept\n";
                }
            }
        }
        return text;
    }

    [[nodiscard]] std::string body_of(const std::string& link, const Rules& ingress,
                                      const Rules& egress) const {
        std::string text =
            "chain forward {\ntype filter hook forward priority 0; policy accept;\n"
            "ct state established,related accept\n";
        if (ingress.is_isolated) {
            text += "oifname \"" + link + "\" jump ingress\n";
        }
        if (egress.is_isolated) {
            text += "iifname \"" + link + "\" jump egress\n";
        }
        return text + "}\nchain ingress {\n" + chain(ingress, "saddr") +
               "drop\n}\nchain egress {\n" + chain(egress, "daddr") + "drop\n}\n";
    }

    void load(const std::string& key) {
        const std::string& link = links_.at(key);
        const auto found = rules_.find(key);
        const std::string body = found == rules_.end()
                                     ? unnamed(link)
                                     : body_of(link, found->second.first, found->second.second);
        const std::string name = table_of(link);
        nft("add table " + name + "\ndelete table " + name + "\ntable " + name + " {\n" + body +
            "}\n");
        listings_[key] = listing(name);
    }

    // libnftables prints a listing cut short, and calls it a success, when the kernel's answer is
    // lost; so ask until two agree.
    static std::string listing(const std::string& table) {
        std::string last = nft("list table " + table + "\n");
        for (std::string next; (next = nft("list table " + table + "\n")) != last; last = next) {
        }
        return last;
    }

    std::mutex mutex_;
    std::map<std::string, std::string> links_;              // by key: the host's end
    std::map<std::string, std::pair<Rules, Rules>> rules_;  // by key: ingress, egress
    std::map<Id, Members> sets_;
    std::map<std::string, std::string> listings_;  // by key: what the kernel then said
};

}  // namespace example
