#include "netlink/sysctl.hpp"

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::netlink {

void write_sysctl(const std::string& name, const std::string& value) {
    write_control_file("/proc/sys/" + name, value);
}

bool try_write_sysctl(const std::string& name, const std::string& value) {
    try {
        write_sysctl(name, value);
        return true;
    } catch (const Error& error) {
        if (error.status() == Status::Gone) {
            return false;
        }
        throw;
    }
}

std::optional<std::string> read_sysctl(const std::string& name) {
    try {
        std::string value = read_file("/proc/sys/" + name);
        value.erase(value.find_last_not_of(" \n\t") + 1);
        return value;
    } catch (const Error& error) {
        if (error.status() == Status::Gone) {
            return std::nullopt;
        }
        throw;
    }
}

}  // namespace terway::netlink
