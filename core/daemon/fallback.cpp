#include "daemon/fallback.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace terway::daemon {
namespace {

using Lacks = std::map<std::string, std::string>;  // what a module lacks, by id

Lacks lacks_of(const std::vector<Preflight>& results) {
    Lacks all;
    for (const auto& result : results) {
        for (const auto& row : result.rows) {
            if (!row.met) {
                auto& text = all[result.module];
                text += (text.empty() ? "" : "; ") + row.need + ": " + row.found;
            }
        }
    }
    return all;
}

template <class Item>
void note(std::vector<Item>& all, Item item) {
    if (std::find(all.begin(), all.end(), item) == all.end()) {
        all.push_back(std::move(item));
    }
}

class Fitting {
public:
    Fitting(Fitted& fitted, const Lacks& lacks) : fitted_(fitted), lacks_(lacks) {}

    void fit(profile::Chain& chain) {
        fit_dataplane(chain);
        for (const auto& id : {chain.qos, chain.policy}) {
            if (id && lacks_.contains(*id)) {
                note(fitted_.refusals, "module " + *id + " cannot run here: " + lacks_.at(*id));
            }
        }
    }

private:
    void fit_dataplane(profile::Chain& chain) {
        const auto lacking = lacks_.find(chain.dataplane);
        const bool fallback_works = chain.fallback && !lacks_.contains(*chain.fallback);
        if (lacking == lacks_.end()) {
            if (chain.fallback && !fallback_works) {
                note(fitted_.unusable, "module " + *chain.fallback +
                                           " cannot run here: " + lacks_.at(*chain.fallback));
                chain.fallback.reset();
            }
            return;
        }
        const auto& [id, reason] = *lacking;
        if (fallback_works) {
            note(fitted_.in_force, {id, *chain.fallback, reason});
            chain.dataplane = *std::exchange(chain.fallback, std::nullopt);
            return;
        }
        note(fitted_.refusals,
             "dataplane " + id + " cannot run here: " + reason +
                 (chain.fallback ? "; nor can its fallback " + *chain.fallback + ": " +
                                       lacks_.at(*chain.fallback)
                                 : std::string("; the profile names no fallback for it")));
    }

    Fitted& fitted_;
    const Lacks& lacks_;
};

}  // namespace

Fitted fit(const profile::Profile& profile, const std::vector<Preflight>& results) {
    Fitted fitted;
    fitted.profile = profile;
    const auto lacks = lacks_of(results);
    Fitting fitting(fitted, lacks);
    fitting.fit(fitted.profile.chain);
    for (auto& rule : fitted.profile.rules) {
        fitting.fit(rule.chain);
    }
    return fitted;
}

}  // namespace terway::daemon
