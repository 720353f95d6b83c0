// A small VPC for the tests of this folder.
#pragma once

#include <string>

#include "sim/model.hpp"

namespace terway::sim {

inline IpAddress ip(const std::string& text) {
    return IpAddress::parse(text).value();
}
inline Prefix prefix(const std::string& text) {
    return Prefix::parse(text).value();
}

inline EniRequest in_vswitch(const std::string& id, const std::string& address) {
    EniRequest request;
    request.id = id;
    request.vswitch = "vsw";
    request.primary = ip(address);
    return request;
}

// vSwitch "vsw" 10.0.0.0/24, fd00:10::/64; instances i-a (10.0.0.10), i-b (10.0.0.11).
inline Model two_nodes(Vpc vpc = {prefix("10.0.0.0/8"), prefix("fd00:10::/56")}) {
    Model model(vpc);
    model.add_vswitch({"vsw", prefix("10.0.0.0/24"), prefix("fd00:10::/64")});
    model.add_instance({"i-a", "a"}, in_vswitch("eni-a", "10.0.0.10"));
    model.add_instance({"i-b", "b"}, in_vswitch("eni-b", "10.0.0.11"));
    return model;
}

}  // namespace terway::sim
