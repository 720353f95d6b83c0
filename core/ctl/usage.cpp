#include "ctl/usage.hpp"

#include <algorithm>
#include <array>

namespace terway::ctl {
namespace {

constexpr std::size_t kTextAt = 25;

struct Verb {
    std::string_view name;
    std::string_view takes;    // further words
    std::string_view summary;  // lines
    std::string_view more;     // for its own page; lines
};

constexpr std::array kVerbs{
    Verb{"status", "", "is it ready, how many endpoints, how many addresses", ""},
    Verb{"endpoints", "", "every container interface it knows", ""},
    Verb{"modules", "", "the loaded modules", ""},
    Verb{"preflight", "", "what the modules need of this node, and what is there", ""},
    Verb{"check", "", "compares every endpoint with the kernel", ""},
    Verb{"pool", "", "every address: on which ENI, in which state, whose", ""},
    Verb{"mapping", "", "pod, record, kernel and cloud side by side", ""},
    Verb{"metadata", "", "what the instance's metadata service says", ""},
    Verb{"cloud calls", "", "the calls of the cloud's API since the daemon started", ""},
    Verb{"cloud routes", "", "the VPC's routes to this node's pod CIDRs", ""},
    Verb{"policy list", "", "the policies by tier, and the pods here that they select",
         "Policies are in the order in which they are asked. Those that select no pod of this\n"
         "node are counted; -o json has all. Pods that are closed are named with the reason, and\n"
         "then the exit status is 3.\n"},
    Verb{"policy explain", "SRC DST PORT/PROTO",
         "which policy and rule decides; SRC and DST are namespace/pod or an\naddress",
         "PROTO is TCP, UDP or SCTP. Both ends are asked: egress of SRC, ingress of DST. For pods\n"
         "of other nodes it says what the policies mean; the rules in force are compared for pods\n"
         "of this node, and a difference is a defect (exit status 3).\n"
         "\n"
         "  terwayctl policy explain shop/web shop/db 5432/TCP\n"
         "  terwayctl policy explain 192.0.2.7 shop/web 80/TCP\n"},
    Verb{"policy counters", "", "what the pods' rules allowed and denied",
         "Counted are connections that were allowed and packets that were denied, by pod; a\n"
         "policy's numbers are those of all pods here that it selects.\n"},
    Verb{"policy trace", "[--denied] [NAMESPACE/POD]",
         "what the rules say to each connection from now on, until Ctrl-C",
         "A line for every connection that opens and every packet that is denied, of the pods of\n"
         "this node or of one of them; --denied: of what is denied alone. With -o json each line\n"
         "is an object. What nobody took in time is counted (\"lost\").\n"},
    Verb{"service list", "[NAMESPACE]",
         "what modules were told of Services: addresses, backends that are\nready, and that drain",
         "Only where the profile says [service] by = \"module\"; elsewhere kube-proxy does it.\n"},
    Verb{"service explain", "NAMESPACE/NAME | ADDRESS:PORT/PROTO",
         "its frontends, and of each endpoint whether it is used, and why not",
         "  terwayctl service explain shop/web\n"
         "  terwayctl service explain 10.96.0.10:80/TCP\n"},
};

std::string words_of(const Verb& verb) {
    return std::string(verb.name) + (verb.takes.empty() ? "" : " ") + std::string(verb.takes);
}

std::string indented(std::string_view lines) {
    std::string out;
    for (const auto c : lines) {
        out += c;
        if (c == '\n') {
            out.append(kTextAt, ' ');
        }
    }
    return out + "\n";
}

std::string entry(const Verb& verb) {
    auto line = "  terwayctl " + words_of(verb);
    if (line.size() < kTextAt) {
        line.append(kTextAt - line.size(), ' ');
    } else {
        line += "\n" + std::string(kTextAt, ' ');
    }
    return line + indented(verb.summary);
}

bool is_or_begins(std::string_view text, std::string_view words) {
    return text.starts_with(words) && (text.size() == words.size() || text[words.size()] == ' ');
}

}  // namespace

std::string usage() {
    std::string out = "terwayctl: looks into a running terwayd\n\n";
    for (const auto& verb : kVerbs) {
        out += entry(verb);
    }
    return out +
           "\n"
           "  terwayctl import-eni-conf FILE   makes a profile from the original's eni_conf; needs "
           "no\n"
           "                                   terwayd; see its --help\n"
           "  terwayctl policy eval FILE       plays NetworkPolicy cases; needs no terwayd; see "
           "its\n"
           "                                   --help\n"
           "\n"
           "terwayctl VERB --help prints more of a verb.\n"
           "\n"
           "Exit status: 0 fine, 1 no answer, 2 wrong usage, 3 something is not as it should be\n"
           "(mapping: 1 for a mismatch).\n";
}

std::string usage_of(std::string_view words) {
    const auto* const found = std::ranges::find_if(
        kVerbs, [&](const Verb& verb) { return is_or_begins(words, verb.name); });
    if (found != kVerbs.end()) {
        return entry(*found) + (found->more.empty() ? "" : "\n") + std::string(found->more);
    }
    std::string out;
    for (const auto& verb : kVerbs) {
        out += is_or_begins(verb.name, words) ? entry(verb) : "";
    }
    return out;
}

}  // namespace terway::ctl
