#include "daemon/inspect_cloud.hpp"

#include <boost/json.hpp>

#include "daemon/describe.hpp"
#include "daemon/mapping.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

// The person waits at a terminal.
constexpr seconds kCloudTime{15};

cloud::Patience patience(const endpoint::Operation& operation) {
    return {operation.stop, std::min(operation.deadline, after(kCloudTime))};
}

template <class Door>
Door& open(const CloudDoors& doors, Door* CloudDoors::*door) {
    if (doors.*door == nullptr && !doors.trouble.empty()) {
        throw Error(Status::Retry, "the cloud is not known yet: " + doors.trouble);
    }
    if (doors.*door == nullptr) {
        throw Error(Status::Unsupported,
                    "this profile does not use that part of the cloud; see [pool] source and "
                    "[cloud] manage_routes");
    }
    return *(doors.*door);
}

std::string found_by_check(endpoint::Manager& manager, const endpoint::EndpointRecord& record,
                           const endpoint::Operation& operation) {
    try {
        manager.check_record(record, operation);
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

// Instance paths first, then those of each NIC, in the service's own words.
std::vector<std::string> metadata_paths(cloud::Metadata& metadata,
                                        const cloud::Patience& patience) {
    std::vector<std::string> paths{"instance-id", "instance/instance-type",
                                   "region-id",   "zone-id",
                                   "vpc-id",      "vswitch-id",
                                   "mac",         "private-ipv4"};
    for (const auto& mac : metadata.macs(patience)) {
        for (const auto* leaf :
             {"network-interface-id", "vswitch-id", "primary-ip-address", "private-ipv4s", "ipv6s",
              "ipv4-prefixes", "ipv6-prefixes", "gateway", "ipv6-gateway"}) {
            paths.push_back("network/interfaces/macs/" + mac.text() + "/" + leaf);
        }
    }
    return paths;
}

}  // namespace

std::string CloudInspector::pool() const {
    return json::serialize(describe(pool_.picture()));
}

std::string CloudInspector::mapping(const endpoint::Operation& operation) const {
    MappingFacts facts;
    facts.records = manager_.records();
    for (const auto& record : facts.records) {
        if (record.state == endpoint::EndpointState::Ready) {
            facts.kernel[record.key()] = found_by_check(manager_, record, operation);
        }
    }
    facts.pool = pool_.picture();
    std::string trouble;
    if (const auto doors = doors_(); doors.api != nullptr) {
        try {
            cloud::EniFilter filter;
            filter.instance = doors.instance;
            facts.cloud = doors.api->describe_enis(filter, patience(operation));
        } catch (const Error& error) {
            trouble = std::string("the cloud could not be asked: ") + error.what();
        }
    }
    return json::serialize(describe(mapping_of(facts), trouble));
}

std::string CloudInspector::metadata(const endpoint::Operation& operation) const {
    auto& service = open(doors_(), &CloudDoors::metadata);
    json::array all;
    for (const auto& path : metadata_paths(service, patience(operation))) {
        const auto value = service.raw(path, patience(operation));
        all.push_back(json::object{{"path", path}, {"value", value.value_or("(none)")}});
    }
    return json::serialize(all);
}

std::string CloudInspector::calls() const {
    return json::serialize(describe(open(doors_(), &CloudDoors::calls).snapshot()));
}

std::string CloudInspector::routes() const {
    return json::serialize(describe(open(doors_(), &CloudDoors::routes).state()));
}

}  // namespace terway::daemon
