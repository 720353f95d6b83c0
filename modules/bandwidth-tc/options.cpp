#include "options.hpp"

namespace terway::bandwidth_tc {

Options read_options(sdk::Config& config) {
    const auto mode = config.choice("mode", "auto", {"auto", "tbf", "htb", "edt"});
    Options options;
    options.mode = mode == "tbf"   ? Mode::Tbf
                   : mode == "htb" ? Mode::Htb
                   : mode == "edt" ? Mode::Edt
                                   : Mode::Auto;
    options.network_priority = config.boolean("network_priority", false);
    return options;
}

}  // namespace terway::bandwidth_tc
