// Lists and watches, as they arrive. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/json.hpp"
#include "kube/status.hpp"

namespace terway::kube {

// Where the objects go. One at a time: its parts are told to sink(), then one of the verbs says
// what to do with the whole. A verb may throw; the list or the watch has failed then.
class Target {
public:
    virtual ~Target() = default;

    // What an object of this kind is made of, and who is told of the parts.
    [[nodiscard]] virtual std::vector<Member> members() const = 0;
    [[nodiscard]] virtual Sink& sink() = 0;

    // A list begins; one that began before and did not end is forgotten.
    virtual void begin_list() = 0;
    virtual void listed() = 0;    // an object of the list
    virtual void end_list() = 0;  // what was not in it is gone
    virtual void changed() = 0;   // or new
    virtual void deleted() = 0;
    virtual void forget() = 0;  // nothing is to be done with what was told
};

// One page of a list.
class ListReader {
public:
    // Borrows it. Does not call begin_list() and end_list(): a list has many pages.
    explicit ListReader(Target& target);
    ~ListReader();
    ListReader(const ListReader&) = delete;
    ListReader& operator=(const ListReader&) = delete;

    // Throws Error(Internal) for what is no list.
    void feed(std::string_view bytes);
    void finish();
    // After finish().
    [[nodiscard]] const std::string& version() const noexcept;
    [[nodiscard]] const std::string& next_page() const noexcept;  // empty: this was the last

private:
    class Inside;
    std::unique_ptr<Inside> inside_;
};

// The events of a watch.
class WatchReader {
public:
    // `version` is where the watch begins.
    WatchReader(Target& target, std::string version);
    ~WatchReader();
    WatchReader(const WatchReader&) = delete;
    WatchReader& operator=(const WatchReader&) = delete;

    // Throws Error(Internal) for what is no event.
    void feed(std::string_view bytes);
    // Where another watch goes on.
    [[nodiscard]] const std::string& version() const noexcept;
    [[nodiscard]] std::size_t events() const noexcept;
    // The event ERROR, if it came; later ones are not read.
    [[nodiscard]] const std::optional<Refusal>& error() const noexcept;

private:
    class Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace terway::kube
