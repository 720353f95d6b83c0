#include "sim/kube/mischief.hpp"

#include <algorithm>
#include <utility>

namespace terway::sim::kube {
namespace {

using Part = BodyStream::Part;

class Whole : public BodyStream {
public:
    explicit Whole(std::string body) : body_(std::move(body)) {}
    Part next() override { return {std::exchange(body_, {}), true, false, {}}; }

private:
    std::string body_;
};

class Silent : public BodyStream {
public:
    Part next() override { return {}; }
};

// The first piece, up to its middle; then nonsense and an end, or none.
class Broken : public BodyStream {
public:
    Broken(std::shared_ptr<BodyStream> inner, bool cut) : inner_(std::move(inner)), cut_(cut) {}

    Part next() override {
        Part part = inner_->next();
        if (part.data.empty()) {
            return part;
        }
        part.data.resize(std::max<std::size_t>(part.data.size() / 2, 1));
        if (!cut_) {
            part.data += "}]\x01 no JSON\n";
        }
        return {std::move(part.data), !cut_, cut_, {}};
    }

private:
    std::shared_ptr<BodyStream> inner_;
    bool cut_;
};

class Trickle : public BodyStream {
public:
    Trickle(std::shared_ptr<BodyStream> inner, Milliseconds pause)
        : inner_(std::move(inner)), pause_(pause) {}

    Part next() override {
        if (Clock::now() < due_) {
            return {{}, false, false, left(due_)};
        }
        if (waiting_.data.empty() && !waiting_.end && !waiting_.cut) {
            waiting_ = inner_->next();
            if (waiting_.data.empty()) {
                return std::exchange(waiting_, {});
            }
        }
        constexpr std::size_t kDrop = 16;
        due_ = after(pause_);
        Part drop{waiting_.data.substr(0, kDrop), false, false, pause_};
        waiting_.data.erase(0, kDrop);
        if (waiting_.data.empty()) {
            drop.end = std::exchange(waiting_, {}).end;
        }
        return drop;
    }

private:
    std::shared_ptr<BodyStream> inner_;
    Milliseconds pause_;
    Deadline due_;
    Part waiting_;
};

}  // namespace

std::shared_ptr<BodyStream> whole(std::string body) {
    return std::make_shared<Whole>(std::move(body));
}

std::shared_ptr<BodyStream> spoiled(std::shared_ptr<BodyStream> inner, const Mischief& mischief) {
    constexpr Milliseconds kPause{20};
    switch (mischief.kind) {
        case FaultRule::Kind::Garbage:
            return std::make_shared<Broken>(std::move(inner), false);
        case FaultRule::Kind::Torn:
            return std::make_shared<Broken>(std::move(inner), true);
        case FaultRule::Kind::Silent:
            return std::make_shared<Silent>();
        case FaultRule::Kind::Trickle:
            return std::make_shared<Trickle>(std::move(inner),
                                             mischief.delay.count() == 0 ? kPause : mischief.delay);
        default:
            return inner;
    }
}

}  // namespace terway::sim::kube
