#include "daemon/admin.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <poll.h>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <thread>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr timeval kPatience{5, 0};

http::response<http::string_body> page(const http::request<http::empty_body>& request,
                                       const Admin::Pages& pages) {
    http::response<http::string_body> response;
    response.version(request.version());
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    const auto target = request.target();
    if (request.method() != http::verb::get) {
        response.result(http::status::method_not_allowed);
        response.body() = "only GET is served\n";
    } else if (target == "/metrics") {
        response.set(http::field::content_type, "text/plain; version=0.0.4");
        response.body() = pages.metrics();
    } else if (target == "/healthz") {
        const auto trouble = pages.trouble();
        response.result(trouble.empty() ? http::status::ok : http::status::service_unavailable);
        response.body() = trouble.empty() ? "ok\n" : trouble + "\n";
    } else {
        response.result(http::status::not_found);
        response.body() = "there are /metrics and /healthz\n";
    }
    response.keep_alive(false);
    response.prepare_payload();
    return response;
}

template <class Stream>
void converse(Stream& stream, const Admin::Pages& pages) {
    const int fd = stream.native_handle();
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    (void)::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    boost::beast::flat_buffer buffer(16384);
    http::request<http::empty_body> request;
    boost::system::error_code error;
    http::read(stream, buffer, request, error);
    if (!error) {
        const auto response = page(request, pages);
        http::write(stream, response, error);
    }
}

asio::ip::tcp::endpoint loopback(const std::string& where) {
    const auto colon = where.rfind(':');
    unsigned short port = 0;
    boost::system::error_code error;
    asio::ip::address address;
    if (colon != std::string::npos) {
        address = asio::ip::make_address(where.substr(0, colon), error);
        std::from_chars(where.data() + colon + 1, where.data() + where.size(), port);
    }
    if (colon == std::string::npos || error || !address.is_loopback()) {
        throw Error(Status::Invalid, "admin address \"" + where +
                                         "\": give unix:/path or a loopback address and "
                                         "port, such as 127.0.0.1:9809");
    }
    return {address, port};
}

}  // namespace

class Admin::Impl {
public:
    Impl(const std::string& where, Pages pages) : pages_(std::move(pages)) {
        if (where.rfind("unix:", 0) == 0) {
            serve_unix(where.substr(5));
        } else {
            open<asio::ip::tcp>(loopback(where), where);
        }
    }
    ~Impl() {
        (void)::eventfd_write(wake_.get(), 1);
        if (thread_.joinable()) {
            thread_.join();
        }
        if (!path_.empty()) {
            ::unlink(path_.c_str());
        }
    }

private:
    void serve_unix(const std::string& path) {
        if (path.size() >= sizeof(sockaddr_un::sun_path)) {
            throw Error(Status::Invalid, "admin socket " + path + ": the path is too long");
        }
        const auto directory = path.substr(0, path.rfind('/'));
        if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
            throw system_error("make directory " + directory, errno);
        }
        ::unlink(path.c_str());
        open<asio::local::stream_protocol>(asio::local::stream_protocol::endpoint(path), path);
        path_ = path;
        if (::chmod(path.c_str(), 0600) != 0) {
            throw system_error("admin socket " + path, errno);
        }
    }

    template <class Protocol>
    void open(const typename Protocol::endpoint& endpoint, const std::string& where) {
        try {
            auto acceptor = std::make_shared<typename Protocol::acceptor>(context_, endpoint);
            thread_ = std::thread([this, acceptor] {
                pthread_setname_np(pthread_self(), "admin");
                run<Protocol>(*acceptor);
            });
        } catch (const boost::system::system_error& error) {
            throw Error(Status::Invalid, "admin address " + where + ": " + error.code().message());
        }
    }

    template <class Protocol>
    void run(typename Protocol::acceptor& acceptor) {
        while (true) {
            std::array<pollfd, 2> wait{
                {{acceptor.native_handle(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
            (void)::poll(wait.data(), wait.size(), -1);
            if (wait[1].revents != 0) {
                return;
            }
            boost::system::error_code error;
            typename Protocol::socket stream(context_);
            (void)acceptor.accept(stream, error);
            try {
                if (!error) {
                    converse(stream, pages_);
                }
            } catch (const std::exception& failure) {
                log::warning("an admin page could not be made", {{"reason", failure.what()}});
            }
        }
    }

    const Pages pages_;
    const Fd wake_{::eventfd(0, EFD_CLOEXEC)};
    asio::io_context context_;
    std::string path_;
    std::thread thread_;
};

Admin::Admin(const std::string& where, Pages pages)
    : impl_(std::make_unique<Impl>(where, std::move(pages))) {}

Admin::~Admin() = default;

}  // namespace terway::daemon
