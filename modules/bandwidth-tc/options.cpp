#include "options.hpp"

namespace terway::bandwidth_tc {

Options read_options(sdk::Config& config) {
    const auto mode = config.choice("mode", "auto", {"auto", "tbf", "htb", "edt"});
    return {mode == "tbf"   ? Mode::Tbf
            : mode == "htb" ? Mode::Htb
            : mode == "edt" ? Mode::Edt
                            : Mode::Auto};
}

}  // namespace terway::bandwidth_tc
