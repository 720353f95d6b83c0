// /metrics and /healthz over HTTP, for Prometheus and for probes.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace terway::daemon {

// One thread, one connection at a time: a scrape is a few milliseconds of work.
class Admin {
public:
    struct Pages {
        std::function<std::string()> metrics;  // Prometheus text
        std::function<std::string()> trouble;  // empty when healthy
    };
    // `where` is "unix:/path" or "127.0.0.1:port" (loopback only). Throws Error.
    Admin(const std::string& where, Pages pages);
    ~Admin();
    Admin(const Admin&) = delete;
    Admin& operator=(const Admin&) = delete;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace terway::daemon
