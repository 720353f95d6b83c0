// A policy module that also translates Services, in its simplest form: one nftables table, replaced
// as a whole. The first backend that is ready gets everything.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "filtered.hpp"

namespace example {

class Served : public Filtered, public terway::sdk::Service {
public:
    using Filtered::Filtered;

    void apply_services(const Call&, const twy_service_update& update) override {
        const std::lock_guard lock(services_mutex_);
        if (update.is_full != 0) {
            rules_.clear();
        }
        for (std::size_t i = 0; i < update.gone_count; ++i) {
            rules_.erase(match_of(update.gone[i]));
        }
        for (std::size_t i = 0; i < update.frontend_count; ++i) {
            rules_[match_of(update.frontends[i]->key)] = verdict_of(*update.frontends[i]);
        }
        load();
    }

protected:
    [[nodiscard]] virtual bool takes(const twy_backend& backend) const {
        return backend.state == TWY_BACKEND_READY;
    }

private:
    static constexpr const char* kTable = "inet test-services";

    struct Verdict {
        bool translates = false;
        std::string text;
    };

    static std::string match_of(const twy_frontend_key& key) {
        return std::string(key.family == 4 ? "ip" : "ip6") + " daddr " +
               address(key.family, key.address) + (key.protocol == 17 ? " udp" : " tcp") +
               " dport " + std::to_string(key.port);
    }
    [[nodiscard]] Verdict verdict_of(const twy_frontend& frontend) const {
        const auto family = frontend.key.family;
        for (std::size_t i = 0; i < frontend.backend_count; ++i) {
            const auto& each = frontend.backends[i];
            if (takes(each)) {
                const auto to = address(family, each.address);
                return {true, std::string("dnat ") +
                                  (family == 4 ? "ip to " + to : "ip6 to [" + to + "]") + ":" +
                                  std::to_string(each.port)};
            }
        }
        return {false, frontend.without_backends == TWY_DROP ? "drop" : "reject"};
    }

    void load() const {
        std::string text = std::string("add table ") + kTable + "\ndelete table " + kTable + "\n";
        if (!rules_.empty()) {
            std::string translate;
            std::string refuse;
            for (const auto& [match, verdict] : rules_) {
                auto& chain = verdict.translates ? translate : refuse;
                chain.append(match).append(" ct state new ").append(verdict.text).append("\n");
            }
            // A pod that reaches itself must not see its own address as the sender's.
            text += std::string("table ") + kTable +
                    " {\nchain refuse {\ntype filter hook prerouting priority -150;\n" + refuse +
                    "}\nchain translate {\ntype nat hook prerouting priority -100;\n" + translate +
                    "}\nchain hairpin {\ntype nat hook postrouting priority 100;\n"
                    "iifname \"cali*\" oifname \"cali*\" ct status dnat masquerade\n}\n}\n";
        }
        nft(text);
    }

    std::mutex services_mutex_;
    std::map<std::string, Verdict> rules_;  // by what they match
};

}  // namespace example
