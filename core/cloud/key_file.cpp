#include "cloud/key_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/fd.hpp"
#include "base/file.hpp"

namespace terway::cloud {
namespace {

constexpr std::size_t kLargest = 64U << 10U;

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    const auto last = text.find_last_not_of(" \t\r");
    return first == std::string_view::npos ? "" : text.substr(first, last - first + 1);
}

struct Entry {
    std::string_view key;
    std::string_view value;
};

class Reader {
public:
    Reader(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

    // The next entry; an empty key at the end.
    Entry next() {
        while (!rest_.empty()) {
            ++number_;
            const auto line = trim(rest_.substr(0, rest_.find('\n')));
            rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size() - 1) + 1);
            if (!line.empty() && line.front() != '#') {
                return split(line);
            }
        }
        return {};
    }
    [[nodiscard]] Error complaint(const std::string& what) const {
        return {Status::Invalid, name_ + ":" + std::to_string(number_) + ": " + what};
    }

private:
    [[nodiscard]] Entry split(std::string_view line) const {
        const auto equals = line.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            throw complaint("expected a line of the form key = \"value\"");
        }
        const auto key = trim(line.substr(0, equals));
        const auto quoted = trim(line.substr(equals + 1));
        const auto quote = quoted.empty() ? '\0' : quoted.front();
        const auto end =
            quote == '"' || quote == '\'' ? quoted.find(quote, 1) : std::string_view::npos;
        if (end == std::string_view::npos) {
            throw complaint("the value of " + std::string(key) + " must stand between quotes");
        }
        const auto behind = trim(quoted.substr(end + 1));
        const auto value = quoted.substr(1, end - 1);
        if (!behind.empty() && behind.front() != '#') {
            throw complaint("something follows the value of " + std::string(key));
        }
        for (const auto c : value) {
            if (c <= ' ' || c > '~' || c == '\\') {
                throw complaint("the value of " + std::string(key) +
                                " has a space, a backslash or a character that is not ASCII");
            }
        }
        return {key, value};
    }

    std::string_view rest_;
    const std::string& name_;
    int number_ = 0;
};

}  // namespace

Credentials parse_key_file(std::string_view text, const std::string& name) {
    Credentials keys;
    const std::array<std::pair<std::string_view, std::string*>, 3> known{
        {{"access_key_id", &keys.access_key_id},
         {"access_key_secret", &keys.access_key_secret},
         {"security_token", &keys.security_token}}};
    Reader reader(text, name);
    for (auto entry = reader.next(); !entry.key.empty(); entry = reader.next()) {
        bool found = false;
        for (const auto& [key, target] : known) {
            if (key != entry.key) {
                continue;
            }
            if (!target->empty()) {
                throw reader.complaint(std::string(key) + " is given twice");
            }
            if (entry.value.empty()) {
                throw reader.complaint(std::string(key) + " is empty");
            }
            *target = entry.value;
            found = true;
        }
        if (!found) {
            throw reader.complaint(
                "unknown key; known are access_key_id, access_key_secret and security_token");
        }
    }
    for (const auto& [key, target] : {known[0], known[1]}) {
        if (target->empty()) {
            throw Error(Status::Invalid, name + ": " + std::string(key) + " is missing");
        }
    }
    return keys;
}

Credentials read_key_file(const std::string& path) {
    // Not blocking: a FIFO would.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        if (errno == ENOENT || errno == ENOTDIR) {
            throw Error(Status::Gone, path + ": no such file", errno);
        }
        throw system_error(path, errno);
    }
    struct stat facts {};
    if (::fstat(fd.get(), &facts) != 0) {
        throw system_error(path, errno);
    }
    if (!S_ISREG(facts.st_mode)) {
        throw Error(Status::Invalid, path + ": not a regular file");
    }
    if (facts.st_uid != 0) {
        throw Error(Status::Invalid, path + ": must belong to root; run: chown root: " + path);
    }
    if ((facts.st_mode & 077U) != 0) {
        throw Error(Status::Invalid,
                    path + ": must be closed to everybody but root; run: chmod 600 " + path);
    }
    return parse_key_file(read_all(fd.get(), path, kLargest), path);
}

}  // namespace terway::cloud
