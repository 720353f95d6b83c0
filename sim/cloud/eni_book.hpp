// The ENIs as the API sees them: states with delays on top of the model. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "sim/cloud/instance_types.hpp"
#include "sim/cloud/settings.hpp"
#include "sim/model.hpp"

namespace terway::sim {

enum class EniStatus : std::uint8_t { Creating, Available, Attaching, InUse, Detaching, Deleting };
[[nodiscard]] const char* name_of(EniStatus status);

// What the API tells beyond the model.
struct EniRecord {
    EniStatus status = EniStatus::Available;
    std::string instance;  // also while Attaching and Detaching
    std::string name;
    std::string description;
    std::vector<std::string> security_groups;
    std::map<std::string, std::string> tags;
    bool delete_on_release = true;
    WallTime created;
    std::optional<WallTime> due;  // the end of the transition
};

struct EniView {
    Eni eni;
    EniRecord record;
};
using EniViews = std::map<std::string, std::shared_ptr<const EniView>>;

// Which addresses: named ones, or so many.
struct Wish {
    std::vector<IpAddress> addresses;
    std::vector<Prefix> prefixes;
    std::size_t address_count = 0;
    std::size_t prefix_count = 0;

    [[nodiscard]] std::size_t slots() const {
        return addresses.size() + prefixes.size() + address_count + prefix_count;
    }
};

struct EniWish {
    std::string vswitch;
    std::optional<IpAddress> primary;
    Wish ipv4;  // beside the primary
    Wish ipv6;
    bool source_dest_check = true;
    EniRecord record;  // name, description, security groups, tags, delete_on_release
};

struct Given {
    std::vector<IpAddress> addresses;
    std::vector<Prefix> prefixes;
};

// Operations refuse by throwing Refusal with the cloud's code and change nothing then. Refers to
// settings and dice. One thread at a time.
class EniBook {
public:
    EniBook(Model model, InstanceTypes types, const Settings& settings, Dice& dice);

    const Eni& create(const EniWish& wish, WallTime now);
    void attach(const std::string& eni, const std::string& instance, WallTime now);
    void detach(const std::string& eni, const std::string& instance, WallTime now);
    void remove(const std::string& eni, WallTime now);
    Given assign(const std::string& eni, Family family, const Wish& wish, WallTime now);
    void unassign(const std::string& eni, const Given& what, WallTime now);
    // Changes what is given of the description, groups, tags (merged) and the check.
    void modify(const std::string& eni, const std::optional<std::string>& name,
                const std::optional<std::string>& description,
                const std::vector<std::string>& groups, const std::optional<bool>& check,
                const std::map<std::string, std::string>& tags, WallTime now);

    // Behind the client's back, at once. Throw Error if it cannot be.
    void tear_off(const std::string& eni, WallTime now);  // to Available
    void destroy(const std::string& eni, WallTime now);
    void take_away(const std::string& eni, const Given& what, WallTime now);
    // Somebody else takes all but `left` of the vSwitch's free IPv4 addresses, or gives them back.
    void drain(const std::string& vswitch, std::size_t left);
    void refill(const std::string& vswitch) { drained_.erase(vswitch); }
    void set_instance_status(const std::string& instance, const std::string& status);

    // Completes what is due.
    void advance(WallTime now);
    [[nodiscard]] std::optional<WallTime> next_event() const;

    [[nodiscard]] Model& model() noexcept { return model_; }
    [[nodiscard]] const Model& model() const noexcept { return model_; }
    [[nodiscard]] const InstanceTypes& types() const noexcept { return types_; }
    [[nodiscard]] const InstanceType& type_of(const std::string& instance) const;
    [[nodiscard]] std::string instance_status(const std::string& instance) const;
    // Of the vSwitch, for the account.
    [[nodiscard]] std::size_t available(const std::string& vswitch) const;
    // As things are, as Describe tells them, as the metadata service tells them.
    [[nodiscard]] const EniViews& now() const noexcept { return views_; }
    [[nodiscard]] const EniViews& described(WallTime now);
    [[nodiscard]] const EniViews& in_metadata(WallTime now);

private:
    struct Past {
        WallTime visible;
        EniViews views;
    };

    [[nodiscard]] EniRecord& record(const std::string& eni);
    void touch(const std::string& eni, WallTime now);
    void begin(const std::string& eni, EniStatus status, const Range& delay, WallTime now);
    void complete(const std::string& eni, WallTime now);
    void check_groups(const std::vector<std::string>& groups, std::size_t fresh) const;
    [[nodiscard]] Given choose(const std::string& vswitch, Family family, const Wish& wish) const;
    void check_named(const std::string& vswitch, Family family, const Wish& wish) const;
    void check_slots(const Eni& eni, const EniRecord& record, Family family,
                     std::size_t fresh) const;
    static const EniViews& seen(std::vector<Past>& past, WallTime now);

    Model model_;
    InstanceTypes types_;
    const Settings& settings_;
    Dice& dice_;
    std::map<std::string, EniRecord> records_;
    std::map<std::string, std::size_t> drained_;  // vSwitch -> addresses of others
    std::map<std::string, std::string> instance_status_;
    EniViews views_;
    std::vector<Past> described_;
    std::vector<Past> metadata_;
    std::uint64_t next_eni_ = 1;
};

// Addresses and prefixes of one family, the primary included.
[[nodiscard]] std::size_t slots_of(const Eni& eni, Family family);

}  // namespace terway::sim
