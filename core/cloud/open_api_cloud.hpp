// The calls of Api, spoken to ECS and VPC.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cloud/api.hpp"
#include "cloud/openapi.hpp"

namespace terway::cloud {

// What does not fit into one request goes in several. A new ENI gets at most what one request can
// ask for: 49 secondary IPv4 addresses, 10 IPv6 addresses, 10 prefixes of a family.
class OpenApiCloud final : public Api {
public:
    OpenApiCloud(std::string region, std::shared_ptr<OpenApi> api)
        : region_(std::move(region)), api_(std::move(api)) {}

    [[nodiscard]] Eni create_eni(const NewEni& wish, const std::string& token,
                                 const Patience& patience) override;
    void attach_eni(const std::string& eni, const std::string& instance,
                    const Patience& patience) override;
    void detach_eni(const std::string& eni, const std::string& instance,
                    const Patience& patience) override;
    void delete_eni(const std::string& eni, const Patience& patience) override;
    [[nodiscard]] std::vector<Eni> describe_enis(const EniFilter& filter,
                                                 const Patience& patience) override;
    [[nodiscard]] AddressSet assign(const std::string& eni, const AddressWish& wish,
                                    const std::string& token, const Patience& patience) override;
    void unassign(const std::string& eni, const AddressSet& addresses,
                  const Patience& patience) override;
    [[nodiscard]] InstanceLimits describe_instance_type(const std::string& type,
                                                        const Patience& patience) override;
    [[nodiscard]] std::vector<VSwitch> describe_vswitches(const std::vector<std::string>& ids,
                                                          const Patience& patience) override;
    void tag_enis(const std::vector<std::string>& enis, const Tags& tags,
                  const Patience& patience) override;

    [[nodiscard]] std::vector<std::string> describe_route_tables(const std::string& vpc,
                                                                 const Patience& patience) override;
    [[nodiscard]] std::vector<RouteEntry> describe_route_entries(
        const std::string& table, const std::optional<Prefix>& destination,
        const Patience& patience) override;
    void create_route_entry(const std::string& table, const Prefix& destination,
                            const std::string& instance, const std::string& description,
                            const std::string& token, const Patience& patience) override;
    void delete_route_entry(const RouteEntry& entry, const Patience& patience) override;

private:
    [[nodiscard]] Parameters regional() const { return {{"RegionId", region_}}; }
    // The answer as `read` understands it; if it does not, the outcome is unknown.
    template <class Read>
    [[nodiscard]] auto ask(const Call& call, const Patience& patience, Read read);
    void read_pages(Parameters parameters, std::vector<Eni>& enis, const Patience& patience);

    const std::string region_;
    const std::shared_ptr<OpenApi> api_;
};

template <class Read>
auto OpenApiCloud::ask(const Call& call, const Patience& patience, Read read) {
    const auto body = api_->call(call, patience);
    try {
        return read(body);
    } catch (const Error& error) {
        throw ApiError(Reaction::Unknown, call.action, "", error.what());
    }
}

}  // namespace terway::cloud
