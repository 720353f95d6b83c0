// ENI secondary IP: two nodes and a cloud that throttles, loses answers and goes away.
#pragma once

#include <string>
#include <vector>

#include "sim/demo/eni_play.hpp"

namespace terway::sim::demo {

class SecondaryIp : private EniPlay {
public:
    using EniPlay::EniPlay;
    void perform();

private:
    void warm_up();
    void talk();
    void cheat();
    void grow();

    void be_throttled();
    void lose_answers();
    void lose_cloud();

    void meddle();
    void mend(const std::string& claim, const std::vector<std::vector<std::string>>& harm,
              const std::vector<std::string>& look);
    void lose_eni();

    void remove_pods();
    void give_back(Host& host);

    Pod* a1_ = nullptr;
    Pod* a2_ = nullptr;
    Pod* b1_ = nullptr;
};

}  // namespace terway::sim::demo
