#include "cni/ticket.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/file.hpp"
#include "cni/failure.hpp"
#include "cni/message.hpp"

namespace terway::cni {
namespace {

constexpr std::string_view kSuffix = ".ticket";
constexpr std::size_t kMaxStem = 200;  // NAME_MAX, less suffixes of ours and of temporary files
constexpr std::size_t kHashedPrefix = 160;

void append_hex(std::string& text, std::uint64_t value, unsigned digits) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    while (digits-- > 0) {
        text += kDigits[(value >> (4 * digits)) & 15U];
    }
}

std::string escaped(std::string_view name) {
    std::string text;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        if (plain) {
            text += c;
        } else {
            text += '%';
            append_hex(text, static_cast<unsigned char>(c), 2);
        }
    }
    return text;
}

// FNV-1a.
std::uint64_t hash(std::string_view text, std::uint64_t state) {
    for (const char c : text) {
        state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return state;
}

bool is_ticket(std::string_view name) {
    return name.ends_with(kSuffix);
}

void make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) {
        return;
    }
    const auto slash = path.find_last_of('/');
    if (errno != ENOENT || slash == std::string::npos || slash == 0) {
        throw system_error("create directory " + path, errno);
    }
    make_directory(path.substr(0, slash));
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        throw system_error("create directory " + path, errno);
    }
}

struct Entry {
    timespec written;
    std::string name;
};

bool older(const Entry& a, const Entry& b) {
    if (a.written.tv_sec != b.written.tv_sec) {
        return a.written.tv_sec < b.written.tv_sec;
    }
    if (a.written.tv_nsec != b.written.tv_nsec) {
        return a.written.tv_nsec < b.written.tv_nsec;
    }
    return a.name < b.name;
}

Request parse_ticket(const Invocation& invocation) {
    auto request = parse_request(invocation);
    if (request.verb != Verb::Del) {
        throw CniError(Code::InvalidEnvironment, "only a DEL can wait for the daemon, not " +
                                                     std::string(text_of(request.verb)));
    }
    return request;
}

}  // namespace

TicketKey TicketKey::of(const Request& request) {
    return {request.config.name, request.container_id, request.ifname};
}

std::string ticket_file_name(const TicketKey& key) {
    auto stem = escaped(key.network) + '@' + escaped(key.container_id) + '@' + escaped(key.ifname);
    if (stem.size() > kMaxStem) {
        const auto low = hash(stem, 0xcbf29ce484222325U);
        const auto high = hash(stem, low ^ 0x9e3779b97f4a7c15U);
        stem.resize(kHashedPrefix);
        stem += '#';
        append_hex(stem, high, 16);
        append_hex(stem, low, 16);
    }
    return stem.append(kSuffix);
}

TicketQueue::TicketQueue(std::string directory) : directory_(std::move(directory)) {}

std::string TicketQueue::path_of(const std::string& name) const {
    return directory_ + '/' + name;
}

void TicketQueue::write(const Invocation& invocation) {
    const auto key = TicketKey::of(parse_ticket(invocation));
    make_directory(directory_);
    write_file_durably(path_of(ticket_file_name(key)), encode_invocation(invocation));
}

std::vector<std::string> TicketQueue::list() const {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(directory_.c_str()), ::closedir);
    if (!directory) {
        if (errno == ENOENT) {
            return {};
        }
        throw system_error("list " + directory_, errno);
    }
    std::vector<Entry> entries;
    while (const auto* entry = ::readdir(directory.get())) {
        const std::string name(entry->d_name);
        struct stat info {};
        if (is_ticket(name) && ::stat(path_of(name).c_str(), &info) == 0) {
            entries.push_back({info.st_mtim, name});
        }
    }
    std::sort(entries.begin(), entries.end(), older);
    std::vector<std::string> names;
    names.reserve(entries.size());
    for (auto& entry : entries) {
        names.push_back(std::move(entry.name));
    }
    return names;
}

std::optional<Ticket> TicketQueue::read(const std::string& name) const {
    const auto path = path_of(name);
    try {
        auto request = parse_ticket(decode_invocation(read_file(path, kMaxPayload)));
        auto key = TicketKey::of(request);
        if (ticket_file_name(key) != name) {
            throw Error(Status::Invalid, "it is about another attachment than its name");
        }
        return Ticket{std::move(key), std::move(request)};
    } catch (const Error& error) {
        if (error.status() == Status::Gone) {
            return std::nullopt;
        }
        if (error.status() != Status::Invalid) {
            throw;
        }
    }
    if (::rename(path.c_str(), (path + ".bad").c_str()) != 0 && errno != ENOENT) {
        throw system_error("set aside " + path, errno);
    }
    return std::nullopt;
}

bool TicketQueue::exists(const TicketKey& key) const {
    return ::access(path_of(ticket_file_name(key)).c_str(), F_OK) == 0;
}

bool TicketQueue::remove(const TicketKey& key) {
    const auto path = path_of(ticket_file_name(key));
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return false;
        }
        throw system_error("remove ticket " + path, errno);
    }
    sync_directory(directory_);
    return true;
}

}  // namespace terway::cni
