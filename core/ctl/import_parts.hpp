// The parts of import_eni_conf(): each takes its keys, writes its tables and leaves its remarks.
#pragma once

#include <string>

#include "ctl/eni_conf.hpp"
#include "ctl/import_eni_conf.hpp"
#include "ctl/toml_text.hpp"

namespace terway::ctl {

void import_pool(EniConf& conf, TomlText& out);
// The text of the credentials file; empty if there are no keys or nowhere to put them.
[[nodiscard]] std::string import_cloud(EniConf& conf, const ImportOptions& options, TomlText& out);
// What has no place in a profile.
void remark_on_the_rest(EniConf& conf);

}  // namespace terway::ctl
