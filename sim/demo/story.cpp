#include "sim/demo/story.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <exception>
#include <iostream>

namespace terway::sim::demo {
namespace {

namespace json = boost::json;

double ms_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
}

}  // namespace

void Story::act(const std::string& title) {
    act_ = title;
    if (!json_) {
        std::cout << "\n" << title << "\n";
    }
}

void Story::note(const std::string& text) {
    if (!json_) {
        std::cout << "         " << text << "\n";
    }
}

void Story::step(const std::string& claim, const std::function<std::string()>& body) {
    Step step{act_, claim, false, "", 0};
    const auto begin = std::chrono::steady_clock::now();
    try {
        step.detail = body();
        step.ok = true;
    } catch (const std::exception& error) {
        step.detail = error.what();
    }
    step.ms = ms_since(begin);
    if (!json_) {
        std::printf("  %s %-52s %8.1f ms  %s\n", step.ok ? "ok    " : "FAILED", claim.c_str(),
                    step.ms, step.detail.c_str());
        (void)std::fflush(stdout);
    }
    steps_.push_back(std::move(step));
}

bool Story::finish() {
    const auto failed =
        std::count_if(steps_.begin(), steps_.end(), [](const Step& step) { return !step.ok; });
    if (json_) {
        json::array all;
        for (const auto& step : steps_) {
            all.push_back(json::object{{"act", step.act},
                                       {"claim", step.claim},
                                       {"ok", step.ok},
                                       {"detail", step.detail},
                                       {"ms", step.ms}});
        }
        std::cout << json::serialize(json::object{{"ok", failed == 0},
                                                  {"failed", failed},
                                                  {"seconds", ms_since(begin_) / 1e3},
                                                  {"steps", all}})
                  << "\n";
    } else if (failed == 0) {
        std::printf("\nAll %zu steps held, in %.1f s.\n", steps_.size(), ms_since(begin_) / 1e3);
    } else {
        std::printf("\n%td of %zu steps FAILED.\n", failed, steps_.size());
    }
    return failed == 0;
}

}  // namespace terway::sim::demo
