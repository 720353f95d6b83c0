#include "tracer.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "plan.hpp"
#include "terway/error.hpp"

namespace terway::felix {
namespace {

constexpr std::size_t kMostHeard = 4096;  // that wait for one listener
constexpr std::chrono::milliseconds kPulse{250};
constexpr std::chrono::seconds kBegin{5};
constexpr std::chrono::milliseconds kTick{1000};

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

Fd event() {
    Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd) {
        throw system_error("make an eventfd", errno);
    }
    return fd;
}

std::string text_of(const Heard& heard, const std::string& name) {
    return std::string(heard.direction == Direction::Egress ? "egress" : "ingress") + " of " +
           name + ", " + heard.flow.text();
}

}  // namespace

Tracer::Tracer(netlink::Socket host, bool can_log, std::function<void(const std::string&)> denied)
    : can_log_(can_log),
      host_(std::make_shared<Source>(Source{netlink::nft::LogSocket(std::move(host)), {}})),
      wake_(event()),
      denied_(std::move(denied)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Tracer::~Tracer() {
    thread_.request_stop();
    wake();
}

void Tracer::wake() const {
    (void)::eventfd_write(wake_.get(), 1);
}

void Tracer::put(const Subject& subject) {
    std::shared_ptr<Source> inside;
    if (subject.netns_fd >= 0) {
        inside = std::make_shared<Source>(Source{
            netlink::nft::LogSocket(netlink::Socket::in(subject.netns_fd, NETLINK_NETFILTER)),
            subject.link});
    }
    const MutexLock lock(mutex_);
    subjects_.insert_or_assign(subject.link, subject);
    if (inside != nullptr) {
        inside_.insert_or_assign(subject.link, std::move(inside));
    }
    if (subject.host_ifindex != 0) {
        links_.insert_or_assign(subject.host_ifindex, subject.link);
    }
    ++asked_;
    wake();
}

void Tracer::remove(const policy::EndpointKey& key) {
    const MutexLock lock(mutex_);
    const auto found = std::find_if(subjects_.begin(), subjects_.end(),
                                    [&](const auto& each) { return each.second.key == key; });
    if (found == subjects_.end()) {
        return;
    }
    inside_.erase(found->first);
    if (const auto link = links_.find(found->second.host_ifindex);
        link != links_.end() && link->second == found->first) {
        links_.erase(link);
    }
    subjects_.erase(found);
    ++asked_;
    wake();
}

void Tracer::listen(const std::function<bool(const Heard*)>& sink, Deadline deadline) {
    if (!can_log_) {
        throw Error(Status::Unsupported, "this kernel's nftables cannot log packets");
    }
    std::list<Listener>::iterator own;
    const auto leave = [&] {
        const MutexLock lock(mutex_);
        listeners_.erase(own);
        ++asked_;
        wake();
    };
    std::string trouble;
    {
        const MutexLock lock(mutex_);
        own = listeners_.emplace(listeners_.end());
        const auto mine = ++asked_;
        wake();
        (void)condition_.wait(mutex_, {}, after(kBegin),
                              [&]() TERWAY_REQUIRES(mutex_) { return settled_ >= mine; });
        trouble = settled_ >= mine ? trouble_ : "it does not begin";
    }
    if (!trouble.empty()) {
        leave();
        throw Error(Status::Retry, trouble);
    }
    try {
        bool is_wanted = sink(nullptr);
        while (is_wanted && Clock::now() < deadline) {
            std::deque<Heard> heard;
            {
                const MutexLock lock(mutex_);
                (void)condition_.wait(mutex_, {}, std::min(deadline, after(kPulse)),
                                      [&]()
                                          TERWAY_REQUIRES(mutex_) { return !own->heard.empty(); });
                heard.swap(own->heard);
            }
            is_wanted = heard.empty() ? sink(nullptr)
                                      : std::all_of(heard.begin(), heard.end(),
                                                    [&](const Heard& each) { return sink(&each); });
        }
    } catch (...) {
        leave();
        throw;
    }
    leave();
}

void Tracer::run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "policy-trace");
    Plan plan;
    while (!stop.stop_requested()) {
        if (renew(plan)) {
            settle(plan);
        }
        wait(plan.sources);
        for (const auto& source : plan.sources) {
            read(*source);
        }
        denied_.tick(Clock::now());
    }
}

bool Tracer::renew(Plan& plan) {
    eventfd_t count = 0;
    (void)::eventfd_read(wake_.get(), &count);
    const MutexLock lock(mutex_);
    if (plan.number == asked_) {
        return false;
    }
    plan = {asked_, can_log_ && (denied_.is_on() || !listeners_.empty()), {host_}};
    for (const auto& [_, inside] : inside_) {
        plan.sources.push_back(inside);
    }
    return true;
}

void Tracer::settle(const Plan& plan) {
    std::string trouble;
    for (const auto& source : plan.sources) {
        if (source->is_heard == plan.is_wanted) {
            continue;
        }
        try {
            if (plan.is_wanted) {
                source->socket.listen(kLogGroup);
            } else {
                source->socket.leave(kLogGroup);
            }
            source->is_heard = plan.is_wanted;
        } catch (const Error& error) {  // somebody else listens, or the namespace is ending
            trouble = source == host_ ? error.what() : trouble;
        }
    }
    const MutexLock lock(mutex_);
    settled_ = plan.number;
    trouble_ = std::move(trouble);
    condition_.notify_all();
}

void Tracer::wait(const Sources& sources) const {
    std::vector<pollfd> ready{{wake_.get(), POLLIN, 0}};
    for (const auto& source : sources) {
        if (source->is_heard) {
            ready.push_back({source->socket.fd(), POLLIN, 0});
        }
    }
    const int patience = denied_.has_left_out() ? static_cast<int>(kTick.count()) : -1;
    (void)::poll(ready.data(), ready.size(), patience);
}

void Tracer::read(Source& source) {
    if (!source.is_heard) {
        return;
    }
    try {
        source.socket.read([&](const netlink::nft::Logged& logged) { hear(source, logged); });
    } catch (const Error&) {  // never to be read again; whoever listens next tries anew
        source.is_heard = false;
    }
}

void Tracer::hear(const Source& source, const netlink::nft::Logged& logged) {
    const auto said = read_prefix(logged.prefix);
    const auto flow = flow_of(logged.packet);
    Heard heard;
    std::string name;
    {
        const MutexLock lock(mutex_);
        const auto* const subject =
            said ? subject_of(source, said->link,
                              said->direction == Direction::Egress ? logged.in_ifindex
                                                                   : logged.out_ifindex)
                 : nullptr;
        const bool is_told = flow && subject != nullptr;
        denied_.lose(logged.lost);
        for (auto& listener : listeners_) {
            listener.lost += logged.lost;
        }
        if (!is_told) {
            return;
        }
        heard = {logged.time_ns == 0 ? now_ns() : logged.time_ns, subject->key, said->direction,
                 said->allowed, *flow};
        name = subject->name;
        for (auto& listener : listeners_) {
            if (listener.heard.size() == kMostHeard) {
                ++listener.lost;
                continue;
            }
            heard.lost = std::exchange(listener.lost, 0);
            listener.heard.push_back(heard);
        }
        condition_.notify_all();
    }
    if (!heard.allowed && denied_.is_on()) {
        denied_.add(text_of(heard, name), Clock::now());
    }
}

const Tracer::Subject* Tracer::subject_of(const Source& source, std::string_view said,
                                          std::uint32_t ifindex) const {
    std::string link = source.link.empty() ? std::string(said) : source.link;
    if (link.empty()) {
        const auto at = links_.find(ifindex);
        if (at == links_.end()) {
            return nullptr;
        }
        link = at->second;
    }
    const auto found = subjects_.find(link);
    return found == subjects_.end() ? nullptr : &found->second;
}

}  // namespace terway::felix
