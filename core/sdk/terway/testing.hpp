// terway/testing.hpp -- drive a module in a unit test, without a daemon.
//
//     terway::sdk::testing::FakeHost host;
//     terway::sdk::testing::ModuleUnderTest module("build/modules/thing.so", host);
//     module.configure(ConfigTable().integer("mtu", 1400));
//     module.start();
//     auto endpoint = EndpointBuilder("c1", "eth0").address("10.0.0.5").netns(fd);
//     const twy_attachment made = module.attach(endpoint);
//
// Verbs run in the calling thread, in its network namespace, and throw terway::Error when the
// module reports a failure. Depends on the C++ standard library and the C library only.
#pragma once

#include "terway/testing/config_table.hpp"
#include "terway/testing/endpoint.hpp"
#include "terway/testing/eni.hpp"
#include "terway/testing/host.hpp"
#include "terway/testing/module.hpp"
#include "terway/testing/policy.hpp"
#include "terway/testing/service.hpp"
