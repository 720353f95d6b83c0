#include "http/line.hpp"

#include <algorithm>
#include <limits>

namespace terway::http {
namespace {

struct FreeList {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
    const auto code = curl_easy_setopt(handle, option, value);
    if (code != CURLE_OK) {
        throw Error(Status::Internal,
                    "libcurl option " + std::to_string(option) + ": " + curl_easy_strerror(code));
    }
}

void set_text(CURL* handle, CURLoption option, const std::string& text) {
    curl_blob blob{};
    blob.data = const_cast<char*>(text.data());
    blob.len = text.size();
    blob.flags = CURL_BLOB_NOCOPY;
    set(handle, option, &blob);
}

void set_pem(CURL* handle, CURLoption file, CURLoption text, const Pem& pem) {
    if (!pem.file.empty()) {
        set(handle, file, pem.file.c_str());
    } else if (!pem.text.empty()) {
        set_text(handle, text, pem.text);
    }
}

void append(List& list, const std::string& line) {
    auto* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) {
        throw Error(Status::Retry, "out of memory");
    }
    static_cast<void>(list.release());
    list.reset(longer);
}

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_printable(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// libcurl adds headers of its own unless it is given the same name with nothing behind it.
List wire_headers(const Request& request) {
    List list;
    for (const auto& [name, value] : request.headers) {
        if (!is_printable(name) || !is_printable(value)) {
            throw Error(Status::Invalid, "HTTP header " + name.substr(0, name.find('\n')) +
                                             ": a line break or a null byte");
        }
        append(list, value.empty() ? name + ";" : name + ": " + value);
    }
    for (const auto* own : {"Accept", "Expect", "Content-Type"}) {
        if (std::none_of(request.headers.begin(), request.headers.end(),
                         [&](const auto& header) { return same_name(header.first, own); })) {
            append(list, std::string(own) + ":");
        }
    }
    return list;
}

// Between `add` and `remove` the transfer is the multi handle's.
class Membership {
public:
    Membership(CURLM* multi, CURL* easy) : multi_(multi), easy_(easy) {
        if (const auto code = curl_multi_add_handle(multi, easy); code != CURLM_OK) {
            throw Error(Status::Internal, std::string("libcurl: ") + curl_multi_strerror(code));
        }
    }
    ~Membership() { curl_multi_remove_handle(multi_, easy_); }
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

private:
    CURLM* multi_;
    CURL* easy_;
};

bool is_untrusted(CURLcode code) {
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_INVALIDCERTSTATUS;
}

void start_libcurl() {
    static const auto code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) {
        throw Error(Status::Internal, std::string("libcurl: ") + curl_easy_strerror(code));
    }
}

}  // namespace

Client::Line::Line(const Options& options) : options_(options) {
    start_libcurl();
    multi_.reset(curl_multi_init());
    easy_.reset(curl_easy_init());
    if (!multi_ || !easy_) {
        throw Error(Status::Retry, "libcurl: out of memory");
    }
}

std::size_t Client::Line::take_body(char* bytes, std::size_t size, std::size_t count, void* line) {
    auto& self = *static_cast<Line*>(line);
    const auto length = size * count;
    if (self.is_flowing()) {
        return self.take_flow({bytes, length}) ? length : length + 1;
    }
    if (length > self.options_.max_body - self.response_.body.size()) {
        self.too_large_ = true;
        return length + 1;
    }
    self.response_.body.append(bytes, length);
    return length;
}

bool Client::Line::is_flowing() const {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return flow_ != nullptr && status >= 200 && status < 300;
}

bool Client::Line::take_flow(std::string_view bytes) noexcept {
    try {
        flow_->take(bytes);
    } catch (...) {
        flow_->refusal = std::current_exception();
        return false;
    }
    flow_->heard = Clock::now();
    return true;
}

std::size_t Client::Line::take_header(char* bytes, std::size_t size, std::size_t count,
                                      void* line) {
    auto& self = *static_cast<Line*>(line);
    auto& headers = self.response_.headers;
    if (self.flow_ != nullptr) {
        self.flow_->heard = Clock::now();
    }
    std::string_view text(bytes, size * count);
    if (text.starts_with("HTTP/")) {
        headers.clear();  // an interim answer came before
    }
    const auto colon = text.find(':');
    if (colon != std::string_view::npos) {
        auto value = text.substr(colon + 1);
        const auto first = value.find_first_not_of(" \t\r\n");
        const auto last = value.find_last_not_of(" \t\r\n");
        value = first == std::string_view::npos ? "" : value.substr(first, last - first + 1);
        headers.emplace_back(text.substr(0, colon), value);
    }
    return size * count;
}

void Client::Line::prepare_trust() {
    auto* easy = easy_.get();
    set(easy, CURLOPT_SSL_VERIFYPEER, options_.verify ? 1L : 0L);
    set(easy, CURLOPT_SSL_VERIFYHOST, options_.verify ? 2L : 0L);
    set(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    if (!options_.ca_file.empty()) {
        set(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
        set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    } else if (!options_.ca_text.empty()) {
        set_text(easy, CURLOPT_CAINFO_BLOB, options_.ca_text);
        set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    set_pem(easy, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB, options_.certificate);
    set_pem(easy, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB, options_.key);
}

void Client::Line::prepare(const Request& request, curl_slist* headers) {
    auto* easy = easy_.get();
    curl_easy_reset(easy);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L);  // else a stop would wait for the resolver
    set(easy, CURLOPT_PROTOCOLS_STR, options_.allow_plain ? "http,https" : "https");
    set(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_NOPROXY, "*");
    prepare_trust();
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(options_.max_idle.count()));
    set(easy, CURLOPT_FRESH_CONNECT, request.once ? 1L : 0L);
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_TCP_KEEPIDLE, 20L);
    set(easy, CURLOPT_TCP_KEEPINTVL, 10L);
    set(easy, CURLOPT_URL, request.url.c_str());
    set(easy, CURLOPT_HTTPHEADER, headers);
    if (request.method == "GET") {
        set(easy, CURLOPT_HTTPGET, 1L);
    } else {
        set(easy, CURLOPT_POST, 1L);
        set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        set(easy, CURLOPT_POSTFIELDS, request.body.data());
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    set(easy, CURLOPT_WRITEFUNCTION, &Line::take_body);
    set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(easy, CURLOPT_HEADERFUNCTION, &Line::take_header);
    set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(easy, CURLOPT_ERRORBUFFER, static_cast<char*>(reason_));
}

Deadline Client::Line::patience(Deadline deadline) const {
    return flow_ == nullptr ? deadline : std::min(deadline, flow_->heard + flow_->idle);
}

CURLcode Client::Line::run(const std::stop_token& stop, Deadline deadline) {
    const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_.get()); });
    while (!stop.stop_requested()) {
        int running = 0;
        if (const auto code = curl_multi_perform(multi_.get(), &running); code != CURLM_OK) {
            throw Error(Status::Internal, std::string("libcurl: ") + curl_multi_strerror(code));
        }
        int queued = 0;
        while (const auto* message = curl_multi_info_read(multi_.get(), &queued)) {
            if (message->msg == CURLMSG_DONE) {
                return message->data.result;
            }
        }
        const auto rest = left(patience(deadline));
        if (rest.count() == 0) {
            return CURLE_OPERATION_TIMEDOUT;
        }
        const auto nap = std::min<std::chrono::milliseconds::rep>(rest.count(), 60'000);
        curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(nap), nullptr);
    }
    return CURLE_ABORTED_BY_CALLBACK;
}

std::string Client::Line::authorities() const {
    if (!options_.ca_file.empty()) {
        return options_.ca_file;
    }
    return options_.ca_text.empty() ? "the system's" : "those of the configuration";
}

TransportError Client::Line::failure(CURLcode code, const std::string& origin) const {
    const std::string reason = reason_[0] != '\0' ? reason_ : curl_easy_strerror(code);
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return {Failure::Stopped, origin + ": stopped"};
    }
    if (is_untrusted(code)) {
        return {Failure::Untrusted, origin + ": the server's certificate is not trusted: " +
                                        reason + " (authorities: " + authorities() + ")"};
    }
    long sent = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &sent);
    if (sent == 0) {
        return {Failure::NotSent, origin + ": no connection: " + reason};
    }
    if (code == CURLE_OPERATION_TIMEDOUT && flow_ != nullptr &&
        Clock::now() >= flow_->heard + flow_->idle) {
        return {Failure::Silent,
                origin + ": nothing came for " + std::to_string(flow_->idle.count()) + " ms"};
    }
    return {Failure::Unknown, origin + ": no answer: " + reason};
}

void Client::Line::judge(CURLcode code, const std::string& url) const {
    if (flow_ != nullptr && flow_->refusal) {
        std::rethrow_exception(flow_->refusal);
    }
    const auto origin = origin_of(url);
    if (too_large_) {
        throw Error(Status::Internal, origin + ": an answer of more than " +
                                          std::to_string(options_.max_body) + " bytes");
    }
    if (code != CURLE_OK) {
        throw failure(code, origin);
    }
}

Response Client::Line::exchange(const Request& request, Flow* flow, const std::stop_token& stop,
                                Deadline deadline) {
    const auto headers = wire_headers(request);
    prepare(request, headers.get());
    response_ = {};
    flow_ = flow;
    too_large_ = false;
    reason_[0] = '\0';
    const Membership membership(multi_.get(), easy_.get());
    judge(run(stop, std::min(deadline, after(request.timeout))), request.url);
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    return std::move(response_);
}

}  // namespace terway::http
