#include "bands.hpp"

#include <sstream>

namespace terway::test {

Bands read_bands(const std::string& classes) {
    // "class prio 5450:1 parent 5450: ..." and, on the next line, " Sent 98 bytes 1 pkt ..."
    Bands sum{};
    std::istringstream lines(classes);
    std::size_t band = sum.size();
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("class ")) {
            const auto colon = line.find(':');
            band = line.starts_with("class prio ")
                       ? static_cast<std::size_t>(std::stoul(line.substr(colon + 1))) - 1
                       : sum.size();
        } else if (line.starts_with(" Sent ") && band < sum.size()) {
            sum.at(band) += std::stoull(line.substr(line.find("bytes ") + 6));
        }
    }
    return sum;
}

}  // namespace terway::test
