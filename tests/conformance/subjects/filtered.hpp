// A policy module in its simplest form: an nftables table for each endpoint, replaced as a whole.
#pragma once

#include <nftables/libnftables.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <terway/module.hpp>

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

    std::uint64_t apply(const Call&, const twy_policy_set& set) override {
        const std::lock_guard lock(mutex_);
        bodies_.clear();
        for (std::size_t i = 0; i < set.endpoint_count; ++i) {
            const auto& rules = *set.endpoints[i];
            bodies_[key_of(rules.container_id, rules.ifname)] = body_of(set, rules);
        }
        for (const auto& [key, link] : links_) {
            load(key);
        }
        return set.revision;
    }

protected:
    // What holds for an endpoint no rule set names.
    [[nodiscard]] virtual std::string unnamed(const std::string& link) const {
        return chains("", "", link, 3);
    }

private:
    static std::string key_of(twy_str container_id, twy_str ifname) {
        return std::string(view(container_id)) + "/" + std::string(view(ifname));
    }
    static std::string table_of(const std::string& link) { return "inet test-" + link; }

    // "@link" stands for the host's end, which a rule set does not know.
    static std::string chains(const std::string& ingress, const std::string& egress,
                              const std::string& link, std::uint32_t isolated) {
        std::string text =
            "chain forward {\ntype filter hook forward priority 0; policy accept;\n"
            "ct state established,related accept\n";
        if ((isolated & 1U) != 0) {
            text += "oifname \"" + link + "\" jump ingress\n";
        }
        if ((isolated & 2U) != 0) {
            text += "iifname \"" + link + "\" jump egress\n";
        }
        return text + "}\nchain ingress {\n" + ingress + "drop\n}\nchain egress {\n" + egress +
               "drop\n}\n";
    }

    static std::string elements(const twy_address_set& set, bool v4) {
        std::string text;
        for (std::size_t i = 0; i < set.include_count; ++i) {
            const auto prefix = Prefix::from_abi(set.include[i]);
            if (prefix.is_v4() == v4) {
                text += (text.empty() ? "" : ", ") + prefix.text();
            }
        }
        return text;
    }

    static std::string rules(const twy_policy_set& set, const twy_rule* const* list,
                             std::size_t count, bool ingress) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) {
            const auto& rule = *list[i];
            std::string match = rule.protocol == 17 ? " udp" : " tcp";
            match += " dport " + std::to_string(rule.ports[0].first) + "-" +
                     std::to_string(rule.ports[0].last) + " accept\n";
            for (std::size_t j = 0; j < set.set_count; ++j) {
                for (const bool v4 : {true, false}) {
                    if (const auto peers = elements(*set.sets[j], v4); !peers.empty()) {
                        text += std::string(v4 ? "ip " : "ip6 ") +
                                (ingress ? "saddr { " : "daddr { ") + peers + " }" + match;
                    }
                }
            }
        }
        return text;
    }

    static std::string body_of(const twy_policy_set& set, const twy_endpoint_rules& of) {
        return chains(rules(set, of.ingress, of.ingress_count, true),
                      rules(set, of.egress, of.egress_count, false), "@link", of.isolated);
    }

    void load(const std::string& key) {
        const std::string& link = links_.at(key);
        const auto found = bodies_.find(key);
        std::string body = found == bodies_.end() ? unnamed(link) : found->second;
        for (std::size_t at = 0; (at = body.find("@link")) != std::string::npos;) {
            body.replace(at, 5, link);
        }
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

    std::mutex mutex_;
    std::map<std::string, std::string> links_;     // by key: the host's end
    std::map<std::string, std::string> bodies_;    // by key: what apply said
    std::map<std::string, std::string> listings_;  // by key: what the kernel then said
};

}  // namespace example
