// Injected faults, by rule. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/cloud/call.hpp"
#include "sim/cloud/settings.hpp"

namespace terway::sim {

struct FaultRule {
    enum class Kind : std::uint8_t {
        Error,  // refused with `code` and `status`, nothing done
        Lost,   // carried out, then the connection is cut
        Cut,    // not carried out, the connection is cut
        Hang,   // not carried out, no answer
        Html,   // not carried out, a gateway's 502 in HTML
        Slow,   // carried out, answered `delay` later
        // Those of the Kubernetes API alone, all carried out:
        Garbage,  // the answer, or the first event of a watch, is no JSON
        Torn,     // cut in the middle of it
        Trickle,  // a few bytes every `delay`
        Silent,   // a watch that never says anything, though it is open
    };
    std::string action = "*";                  // pattern
    std::map<std::string, std::string> where;  // parameter -> pattern; all must match
    Kind kind = Kind::Error;
    std::string code = "InternalError";
    unsigned status = 500;
    std::string message;
    Milliseconds delay{0};
    Milliseconds retry_after{0};          // what an error of the Kubernetes API asks for
    double rate = 1;                      // of the calls that match
    unsigned after = 0;                   // leave the first ones alone
    unsigned times = 0;                   // then strike so often; 0: always
    std::optional<Milliseconds> lasting;  // from when it was added

    // "error", "lost", ... Throws Error(Invalid).
    [[nodiscard]] static Kind kind_named(const std::string& name);
    [[nodiscard]] static std::string name_of(Kind kind);
};

// The first rule that strikes counts. One thread at a time.
class Faults {
public:
    struct Entry {
        int id = 0;
        FaultRule rule;
        WallTime since;
        unsigned seen = 0;
        unsigned struck = 0;
    };

    // Answers its number. Throws Error(Invalid) for a rate outside 0 to 1.
    int add(const FaultRule& rule, WallTime now = {});
    bool remove(int id);
    void clear() { entries_.clear(); }
    [[nodiscard]] const std::vector<Entry>& list() const noexcept { return entries_; }

    [[nodiscard]] std::optional<FaultRule> strike(const ApiCall& call, Dice& dice);

private:
    std::vector<Entry> entries_;
    int next_ = 1;
};

}  // namespace terway::sim
