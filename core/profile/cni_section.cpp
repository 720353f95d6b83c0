#include "profile/cni_section.hpp"

namespace terway::profile {

void read_cni(Section& cni, CniFiles& into) {
    cni.boolean("install", into.install);
    cni.absolute_path("binary", into.binary);
    cni.absolute_path("conflist", into.conflist);
    cni.absolute_path("bin_dir", into.bin_dir);
    cni.absolute_path("conf_dir", into.conf_dir);
    cni.boolean("take_over", into.take_over);
}

}  // namespace terway::profile
