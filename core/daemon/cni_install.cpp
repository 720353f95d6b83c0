#include "daemon/cni_install.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/file.hpp"
#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kPluginType = "terway";
constexpr const char* kAside = ".put-aside-by-terway";
constexpr std::size_t kLargestBinary = 64U << 20U;
constexpr std::size_t kLargestConfiguration = 1U << 20U;
constexpr unsigned kExecutable = 0755;
constexpr unsigned kReadable = 0644;

bool is_configuration(const std::string& name) {
    return name.ends_with(".conf") || name.ends_with(".conflist") || name.ends_with(".json");
}

bool is_terways(const json::value& document) {
    const auto* const object = document.if_object();
    const auto* const plugins = object != nullptr ? object->if_contains("plugins") : nullptr;
    const auto* const list = plugins != nullptr ? plugins->if_array() : nullptr;
    return list != nullptr && std::any_of(list->begin(), list->end(), [](const json::value& each) {
               const auto* const plugin = each.if_object();
               const auto* const type = plugin != nullptr ? plugin->if_contains("type") : nullptr;
               return type != nullptr && *type == json::string(kPluginType);
           });
}

std::optional<std::string> content_of(const std::string& path) {
    try {
        return read_regular_file(path, kLargestBinary);
    } catch (const Error&) {
        return std::nullopt;
    }
}

void put(const std::string& path, const std::string& content, unsigned mode) {
    std::error_code absent;
    if (fs::status(path, absent).permissions() == static_cast<fs::perms>(mode) &&
        content_of(path) == content) {
        return;
    }
    fs::create_directories(fs::path(path).parent_path());
    write_file_durably(path, content, mode);
    log::info("installed", {{"file", path}});
}

}  // namespace

std::vector<std::string> preferred_to(const std::string& ours, std::vector<std::string> names) {
    std::erase_if(names,
                  [&](const std::string& name) { return !is_configuration(name) || name >= ours; });
    std::sort(names.begin(), names.end());
    return names;
}

std::string CniInstall::target() const {
    return files_.conf_dir + "/" + fs::path(files_.conflist).filename().string();
}

std::string CniInstall::configuration() const {
    const auto text = with_context("[cni] conflist", [&] {
        return read_regular_file(files_.conflist, kLargestConfiguration);
    });
    boost::system::error_code failed;
    const auto document = json::parse(text, failed);
    if (failed || !is_terways(document)) {
        throw Error(Status::Invalid, files_.conflist +
                                         ": not a CNI configuration list with a plugin of type "
                                         "\"terway\"; set [cni] conflist");
    }
    return text;
}

std::vector<std::string> CniInstall::rivals() const {
    std::vector<std::string> names;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(files_.conf_dir, failed)) {
        names.push_back(entry.path().filename().string());
    }
    return preferred_to(fs::path(target()).filename().string(), std::move(names));
}

void CniInstall::check() const {
    (void)configuration();
    if (!content_of(files_.binary)) {
        throw Error(Status::Invalid,
                    files_.binary + " cannot be read; set [cni] binary to the CNI program");
    }
    if (const auto found = rivals(); !found.empty() && !files_.take_over) {
        throw Error(Status::Invalid, files_.conf_dir + "/" + found.front() +
                                         " is another network's, and the container runtime would "
                                         "prefer it; remove it, or set [cni] take_over = true to "
                                         "have it put aside");
    }
}

void CniInstall::install_binary() const {
    const auto name = files_.bin_dir + "/" + kPluginType;
    put(name,
        with_context("[cni] binary",
                     [&] { return read_regular_file(files_.binary, kLargestBinary); }),
        kExecutable);
}

void CniInstall::install_configuration() const {
    check();
    put(target(), configuration(), kReadable);
    for (const auto& name : rivals()) {
        const auto path = files_.conf_dir + "/" + name;
        fs::rename(path, path + kAside);
        log::warning("put another network's configuration aside", {{"file", path + kAside}});
    }
}

}  // namespace terway::daemon
