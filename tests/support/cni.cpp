#include "cni.hpp"

#include "terway/error.hpp"

namespace terway::test {
namespace {

IpAddress of_family(const CniReply& reply, Family family) {
    for (const auto& address : reply.addresses()) {
        if (address.family() == family) {
            return address;
        }
    }
    throw Error(Status::Gone, "the result has no such address: " + reply.out);
}

}  // namespace

int CniReply::code() const {
    const auto* object = json.if_object();
    const auto* code = object == nullptr ? nullptr : object->if_contains("code");
    return code == nullptr ? 0 : static_cast<int>(code->to_number<std::int64_t>());
}

std::string CniReply::message() const {
    std::string text;
    if (const auto* object = json.if_object()) {
        for (const auto* key : {"msg", "details"}) {
            if (const auto* value = object->if_contains(key)) {
                text += std::string(value->as_string()) + " ";
            }
        }
    }
    return text;
}

std::vector<IpAddress> CniReply::addresses() const {
    std::vector<IpAddress> all;
    for (const auto& ip : json.at("ips").as_array()) {
        const auto prefix = Prefix::parse(std::string(ip.at("address").as_string()));
        all.push_back(prefix.value().address());
    }
    return all;
}

IpAddress CniReply::v4() const {
    return of_family(*this, Family::V4);
}

IpAddress CniReply::v6() const {
    return of_family(*this, Family::V6);
}

std::string CniReply::host_link() const {
    return std::string(json.at("interfaces").at(0).at("name").as_string());
}

Mac CniReply::mac() const {
    return Mac::parse(std::string(json.at("interfaces").at(1).at("mac").as_string())).value();
}

}  // namespace terway::test
