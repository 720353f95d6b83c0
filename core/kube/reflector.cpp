#include "kube/reflector.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.hpp"

namespace terway::kube {
namespace {

constexpr auto kGrace = std::chrono::seconds(30);  // for a server that ends a watch late

Ending ending_of(http::Failure failure) {
    switch (failure) {
        case http::Failure::NotSent:
            return Ending::Unreachable;
        case http::Failure::Untrusted:
            return Ending::Untrusted;
        case http::Failure::Silent:
            return Ending::Silent;
        default:
            return Ending::Cut;
    }
}

std::string kind_in(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

struct Reflector::Trouble {
    Ending ending = Ending::Done;
    std::string text{};
    int code = 0;
    bool too_new = false;
    std::optional<std::chrono::seconds> retry_after{};
    bool was_short = false;
};

Reflector::Reflector(Session& session, Resource resource, Target& target, Metrics& metrics,
                     Pace pace, ReflectorEffects effects)
    : session_(session),
      resource_(std::move(resource)),
      name_(kind_in(resource_.path)),
      target_(target),
      metrics_(metrics),
      pace_(pace),
      effects_(std::move(effects)) {}

void Reflector::run(const std::stop_token& stop) noexcept {
    while (!stop.stop_requested()) {
        try {
            go_on(stop);
        } catch (const std::exception& error) {
            log::error("a watch failed", {{"resource", name_}, {"error", error.what()}});
            step_ = Step::List;
            (void)rest_for(pace_.longest_rest, stop);
        }
    }
}

unsigned& Reflector::failures() noexcept {
    return step_ == Step::Watch ? watch_failures_ : list_failures_;
}

void Reflector::go_on(const std::stop_token& stop) {
    const auto trouble = attempt(stop);
    if (stop.stop_requested()) {
        return;
    }
    const auto verdict = decide(
        {step_, trouble.ending, trouble.code, trouble.too_new, trouble.was_short, failures()});
    account(trouble);
    if (verdict.is_failure && trouble.ending == Ending::Refused && step_ != Step::Watch &&
        effects_.refused) {
        effects_.refused(trouble.code, trouble.text);
    }
    if (verdict.is_failure) {
        tell(trouble);
    }
    if (verdict.renew_token) {
        session_.renew_token();
    }
    if (verdict.rest) {
        (void)effects_.rest(span(trouble), stop);
    }
    failures() = verdict.is_failure ? failures() + 1 : 0;
    step_ = verdict.next;
}

Reflector::Trouble Reflector::attempt(const std::stop_token& stop) {
    try {
        return step_ == Step::Watch ? watch(stop) : list(stop);
    } catch (const http::TransportError& error) {
        return {ending_of(error.failure()), error.what()};
    } catch (const std::exception& error) {
        return {Ending::Garbled, error.what()};
    }
}

Reflector::Trouble Reflector::list(const std::stop_token& stop) {
    target_.begin_list();
    std::string page;
    do {
        ListReader reader(target_);
        const auto target =
            list_target(resource_, step_ == Step::ListNewest ? "" : version_, page, pace_.page);
        const auto response = session_.stream(
            target, [&](std::string_view bytes) { reader.feed(bytes); }, pace_.list_idle, stop,
            after(pace_.list_limit));
        if (response.status != 200) {
            return refused(
                read_refusal(response.status, response.body, response.header("retry-after")));
        }
        reader.finish();
        page = reader.next_page();
        if (page.empty()) {
            target_.end_list();
            version_ = reader.version();
        }
    } while (!page.empty());
    return {};
}

Reflector::Trouble Reflector::watch(const std::stop_token& stop) {
    const auto begin = Clock::now();
    const auto timeout = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::duration<double>(pace_.watch) * (1 + effects_.fraction()));
    WatchReader reader(target_, version_);
    const auto keep = [&](std::string_view bytes) {
        reader.feed(bytes);
        version_ = reader.version();
        if (reader.events() > 0 && !reader.error()) {
            watch_failures_ = 0;
            recover();
        }
    };
    const auto response = session_.stream(watch_target(resource_, version_, timeout), keep,
                                          pace_.watch_idle, stop, after(timeout + kGrace));
    if (response.status != 200) {
        return refused(
            read_refusal(response.status, response.body, response.header("retry-after")));
    }
    if (reader.error()) {
        return refused(*reader.error());
    }
    Trouble none;
    none.was_short = Clock::now() - begin < pace_.short_watch;
    none.text = "the server ends a watch at once";
    return none;
}

Reflector::Trouble Reflector::refused(const Refusal& refusal) const {
    Trouble trouble{Ending::Refused, refusal.text(), refusal.code};
    trouble.too_new = refusal.message.find("Too large resource version") != std::string::npos;
    trouble.retry_after = refusal.retry_after;
    if (refusal.code == 401) {
        const auto& credential = session_.credential();
        trouble.text += credential.empty() ? "; there is neither token nor client certificate"
                                           : "; " + credential + " may have expired";
    }
    if (refusal.code == 404) {
        trouble.text += "; the API server does not know " + name_ +
                        ": is their CustomResourceDefinition installed?";
    }
    return trouble;
}

void Reflector::account(const Trouble& trouble) {
    const bool watching = step_ == Step::Watch;
    metrics_
        .counter(watching ? "terway_kube_watches_total" : "terway_kube_lists_total",
                 watching ? "Watches that ended, by how they did." : "Lists, by how they ended.",
                 {{"resource", name_}, {"ending", std::string(name_of(trouble.ending))}})
        .increment();
    if (trouble.ending == Ending::Done && !trouble.was_short &&
        (watching || watch_failures_ == 0)) {
        recover();
    }
}

void Reflector::recover() {
    if (!told_.empty()) {
        log::info("the API server answers again", {{"resource", name_}});
        told_.clear();
    }
}

void Reflector::tell(const Trouble& trouble) {
    const bool is_news = told_ != trouble.text;
    log::write(is_news ? log::Level::Warning : log::Level::Debug,
               step_ == Step::Watch ? "watching failed" : "listing failed",
               {{"resource", name_},
                {"server", session_.server()},
                {"ending", name_of(trouble.ending)},
                {"failures", failures() + 1},
                {"error", trouble.text}});
    if (is_news) {
        told_ = trouble.text;
    }
}

std::chrono::milliseconds Reflector::span(const Trouble& trouble) {
    const auto usual =
        back_off(failures(), effects_.fraction(), pace_.first_rest, pace_.longest_rest);
    const std::chrono::milliseconds asked = trouble.retry_after.value_or(std::chrono::seconds(0));
    return std::max(usual, std::min(asked, pace_.longest_retry_after));
}

}  // namespace terway::kube
