// One libcurl handle pair. Internal to this folder.
#pragma once

#include <memory>

#include <curl/curl.h>

#include "http/http.hpp"

namespace terway::http {

// One request at a time; connections stay open between requests.
class Client::Line {
public:
    explicit Line(const Options& options);

    [[nodiscard]] Response exchange(const Request& request, const std::stop_token& stop,
                                    Deadline deadline);

private:
    void prepare(const Request& request, curl_slist* headers);
    // Drives the transfer to its end.
    [[nodiscard]] CURLcode run(const std::stop_token& stop, Deadline deadline);
    [[nodiscard]] TransportError failure(CURLcode code, const std::string& origin) const;

    static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* line);
    static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* line);

    struct CloseEasy {
        void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
    };
    struct CloseMulti {
        void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
    };

    const Options& options_;
    std::unique_ptr<CURLM, CloseMulti> multi_;
    std::unique_ptr<CURL, CloseEasy> easy_;
    Response response_;
    bool too_large_ = false;
    char reason_[CURL_ERROR_SIZE] = {};
};

}  // namespace terway::http
