// One watch: what its client has seen, and what comes next. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "sim/kube/cluster.hpp"
#include "sim/kube/form.hpp"
#include "sim/kube/selector.hpp"

namespace terway::sim::kube {

struct WatchOrder {
    Form form;
    Filter filter;
    std::uint64_t from = 0;  // 0: what there is now comes first, as created
    bool bookmarks = false;
    bool mark_initial = false;  // a bookmark says when what there was is over
    WallTime until;
    std::chrono::milliseconds bookmark_every{60000};
};

class Watch {
public:
    Watch(WatchOrder order, WallTime now) : order_(std::move(order)), marked_(now) {}

    struct Step {
        std::string text;  // one event as a line; empty: nothing yet
        bool end = false;  // of the watch, after the text
        WallTime again;    // when to ask again though nothing changed
    };
    [[nodiscard]] Step next(const Store& store, WallTime now);

private:
    std::string initial(const Store& store, WallTime now);
    std::string bookmark(bool initial_end);
    std::string event(const char* type, const Object& object, WallTime now);

    WatchOrder order_;
    std::optional<std::uint64_t> seen_;
    bool columns_sent_ = false;
    WallTime marked_;
};

}  // namespace terway::sim::kube
