// One libcurl handle pair. Internal to this folder.
#pragma once

#include <exception>
#include <memory>

#include <curl/curl.h>

#include "http/http.hpp"

namespace terway::http {

// The body of a successful answer on its way to who wants it.
struct Flow {
    const Take& take;
    std::chrono::milliseconds idle;
    Deadline heard = Clock::now();  // when something last came
    std::exception_ptr refusal{};   // what `take` threw
};

// One request at a time; connections stay open between requests.
class Client::Line {
public:
    explicit Line(const Options& options);

    // `flow` may be null.
    [[nodiscard]] Response exchange(const Request& request, Flow* flow, const std::stop_token& stop,
                                    Deadline deadline);

private:
    void prepare(const Request& request, curl_slist* headers);
    void prepare_trust();
    // Whether this piece of the body belongs to the flow.
    [[nodiscard]] bool is_flowing() const;
    [[nodiscard]] bool take_flow(std::string_view bytes) noexcept;
    [[nodiscard]] Deadline patience(Deadline deadline) const;
    // Throws if the exchange has no answer.
    void judge(CURLcode code, const std::string& url) const;
    // Drives the transfer to its end.
    [[nodiscard]] CURLcode run(const std::stop_token& stop, Deadline deadline);
    [[nodiscard]] std::string authorities() const;
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
    Flow* flow_ = nullptr;
    bool too_large_ = false;
    char reason_[CURL_ERROR_SIZE] = {};
};

}  // namespace terway::http
