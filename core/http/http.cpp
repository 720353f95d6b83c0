#include "http/http.hpp"

#include <algorithm>

#include "http/line.hpp"

namespace terway::http {
namespace {

// Each has descriptors and memory of its own, and there may have been hundreds at a time.
constexpr std::size_t kMostIdle = 16;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string_view Response::header(std::string_view name) const noexcept {
    const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& header) {
        return std::equal(header.first.begin(), header.first.end(), name.begin(), name.end(),
                          [](char a, char b) { return lower(a) == lower(b); });
    });
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

TransportError::TransportError(Failure failure, const std::string& text)
    : Error(failure == Failure::Untrusted ? Status::Internal : Status::Retry, text),
      failure_(failure) {}

std::string origin_of(std::string_view url) {
    const auto scheme = url.find("://");
    const auto start = scheme == std::string_view::npos ? 0 : scheme + 3;
    return std::string(url.substr(0, url.find_first_of("/?#", start)));
}

// A line that is on its way; it comes back whatever happens.
class Client::Loan {
public:
    explicit Loan(Client& client) : client_(client), line_(client.borrow()) {}
    ~Loan() { client_.give_back(std::move(line_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    [[nodiscard]] Line& line() { return *line_; }

private:
    Client& client_;
    std::unique_ptr<Line> line_;
};

Client::Client(Options options) : options_(std::move(options)) {}
Client::~Client() = default;

std::unique_ptr<Client::Line> Client::borrow() {
    {
        const MutexLock lock(mutex_);
        if (!idle_.empty()) {
            auto line = std::move(idle_.back());
            idle_.pop_back();
            return line;
        }
    }
    return std::make_unique<Line>(options_);
}

void Client::give_back(std::unique_ptr<Line> line) noexcept {
    try {
        const MutexLock lock(mutex_);
        if (idle_.size() < kMostIdle) {
            idle_.push_back(std::move(line));
        }
    } catch (const std::bad_alloc&) {
        // One connection less.
    }
}

void Client::check(const Request& request, const std::stop_token& stop) const {
    const bool plain = request.url.starts_with("http://");
    if (plain ? !options_.allow_plain : !request.url.starts_with("https://")) {
        throw Error(Status::Invalid,
                    origin_of(request.url) +
                        (plain ? ": plain http is allowed only where the endpoint is set to http://"
                               : ": the URL must begin with https://"));
    }
    if (stop.stop_requested()) {
        throw TransportError(Failure::Stopped, origin_of(request.url) + ": stopped");
    }
}

Response Client::send(const Request& request, const std::stop_token& stop, Deadline deadline) {
    check(request, stop);
    Loan loan(*this);
    return loan.line().exchange(request, nullptr, stop, deadline);
}

Response Client::stream(const Request& request, const Take& take, std::chrono::milliseconds idle,
                        const std::stop_token& stop, Deadline deadline) {
    check(request, stop);
    Loan loan(*this);
    Flow flow{take, idle};
    return loan.line().exchange(request, &flow, stop, deadline);
}

}  // namespace terway::http
