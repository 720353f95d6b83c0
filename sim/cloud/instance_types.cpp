#include "sim/cloud/instance_types.hpp"

#include <boost/json.hpp>

#include "sim/cloud/data.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;

bool flag(const json::object& row, const char* key) {
    const auto* found = row.if_contains(key);
    return found != nullptr && found->as_bool();
}

}  // namespace

InstanceTypes parse_instance_types(const std::string& text, const std::string& name) {
    try {
        InstanceTypes types;
        const json::value table = json::parse(text);
        for (const auto& value : table.at("types").as_array()) {
            const auto& row = value.as_object();
            InstanceType type;
            type.id = json::value_to<std::string>(row.at("id"));
            type.enis = row.at("enis").to_number<std::uint32_t>();
            type.ipv4 = row.at("ipv4").to_number<std::uint32_t>();
            type.ipv6 = row.at("ipv6").to_number<std::uint32_t>();
            type.total = row.at("total").to_number<std::uint32_t>();
            type.trunk = flag(row, "trunk");
            type.jumbo = flag(row, "jumbo");
            type.guessed = row.contains("guessed");
            types.insert_or_assign(type.id, type);
        }
        return types;
    } catch (const std::exception& error) {
        throw Error(Status::Invalid, "instance types in " + name + ": " + error.what());
    }
}

InstanceTypes known_instance_types() {
    return parse_instance_types(data::instance_types(), "sim/data/instance-types.json");
}

}  // namespace terway::sim
