// The API server without network and clock: requests in, answers and watches out. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sim/cloud/call_log.hpp"
#include "sim/cloud/faults.hpp"
#include "sim/kube/call.hpp"
#include "sim/kube/cluster.hpp"
#include "sim/kube/problem.hpp"
#include "sim/kube/users.hpp"
#include "sim/kube/watch.hpp"

namespace terway::sim::kube {

struct ApiOptions {
    ClusterOptions cluster;
    bool rbac = false;           // otherwise whoever is known may do everything
    std::size_t page_limit = 0;  // caps the size of every page; 0: as asked for
    std::chrono::milliseconds bookmark_every{60000};
    std::chrono::seconds watch_timeout{1800};  // of a watch that names none
};

// What is done to the bytes of an answer.
struct Mischief {
    FaultRule::Kind kind = FaultRule::Kind::Error;
    Milliseconds delay{0};
};

struct ApiAnswer {
    Answer answer;
    std::unique_ptr<Watch> watch;  // goes on after the (empty) body
    std::optional<Mischief> mischief;
};

// One thread at a time.
class Api {
public:
    explicit Api(const ApiOptions& options = {}, WallTime now = {});

    [[nodiscard]] ApiAnswer handle(const HttpRequest& request, WallTime now);

    [[nodiscard]] ApiOptions& options() noexcept { return options_; }
    [[nodiscard]] Cluster& cluster() noexcept { return cluster_; }
    [[nodiscard]] Store& store() noexcept { return cluster_.store(); }
    [[nodiscard]] Users& users() noexcept { return users_; }
    // Actions are "list pods", "patch nodes/status"; parameters name, namespace, user and those of
    // the query.
    [[nodiscard]] Faults& faults() noexcept { return faults_; }
    [[nodiscard]] CallLog& calls() noexcept { return calls_; }

private:
    struct Heard;
    [[nodiscard]] Heard hear(const HttpRequest& request, WallTime now) const;
    ApiAnswer perform(const HttpRequest& request, const Heard& heard, WallTime now);
    ApiAnswer carry_out(const Call& call, const Asker& asker, WallTime now);
    Answer review(const HttpRequest& request, const Asker& asker);
    Answer issue_token(const Call& call, WallTime now);
    ApiAnswer struck(const FaultRule& rule, const HttpRequest& request, const Heard& heard,
                     WallTime now);

    ApiOptions options_;
    Cluster cluster_;
    Users users_;
    Faults faults_;
    CallLog calls_;
    Dice dice_;
};

}  // namespace terway::sim::kube
