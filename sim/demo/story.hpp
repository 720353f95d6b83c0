// What happened, told as it happens or as one JSON document at the end.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace terway::sim::demo {

class Story {
public:
    // With `json`, nothing is printed before finish().
    explicit Story(bool json) : json_(json) {}

    void act(const std::string& title);
    // Runs `body`, which answers what there is to tell, or throws. Tells it with the time it took.
    void step(const std::string& claim, const std::function<std::string()>& body);
    // Something to know that is no claim.
    void note(const std::string& text);

    // Prints the summary, or the document. True if every step held.
    bool finish();

private:
    struct Step {
        std::string act;
        std::string claim;
        bool ok = false;
        std::string detail;
        double ms = 0;
    };
    const bool json_;
    const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::string act_;
    std::vector<Step> steps_;
};

}  // namespace terway::sim::demo
