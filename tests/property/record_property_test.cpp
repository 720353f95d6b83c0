// Whatever a record holds, it survives the way to text and back.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "endpoint/record.hpp"
#include "terway/error.hpp"

namespace terway::endpoint {
namespace {

std::string any_bytes() {
    return *rc::gen::arbitrary<std::string>();
}

std::uint64_t any_number() {
    return *rc::gen::arbitrary<std::uint64_t>();
}

std::uint32_t any_small_number() {
    return *rc::gen::arbitrary<std::uint32_t>();
}

Mac any_mac() {
    return {*rc::gen::arbitrary<std::array<std::uint8_t, 6>>()};
}

std::vector<Prefix> any_prefixes() {
    std::vector<Prefix> out;
    const int count = *rc::gen::inRange(0, 4);
    for (int i = 0; i < count; ++i) {
        const auto family = *rc::gen::element(Family::V4, Family::V6);
        const IpAddress address(family, *rc::gen::arbitrary<std::array<std::uint8_t, 16>>());
        out.emplace_back(address, *rc::gen::inRange(0U, address.bits() + 1U));
    }
    return out;
}

EndpointRecord any_record() {
    EndpointRecord record;
    record.spec = {
        {any_bytes(), any_bytes()},
        any_bytes(),
        any_bytes(),
        any_bytes(),
        any_bytes(),
        any_bytes(),
        *rc::gen::element(pool::Source::PodCidr, pool::Source::Eni, pool::Source::ExclusiveEni),
        any_prefixes(),
        any_prefixes(),
        any_bytes(),
        any_small_number(),
        any_mac(),
        any_prefixes(),
        any_bytes(),
        any_small_number(),
        any_number(),
        any_number(),
        any_number(),
        any_number(),
        {any_number(), any_number()},
        *rc::gen::element(Priority::None, Priority::Guaranteed, Priority::Burstable,
                          Priority::BestEffort),
        any_bytes()};
    record.state =
        *rc::gen::element(EndpointState::Adding, EndpointState::Ready, EndpointState::Deleting);
    const int pins = *rc::gen::inRange(0, 4);
    for (int i = 0; i < pins; ++i) {
        record.chain.push_back(
            {*rc::gen::element(ModuleRole::Dataplane, ModuleRole::Qos, ModuleRole::Policy),
             any_bytes(), any_bytes(), any_bytes()});
    }
    if (*rc::gen::arbitrary<bool>()) {
        record.attachment = Attachment{any_small_number(), any_small_number(), any_small_number(),
                                       any_small_number(), any_mac(),          any_mac(),
                                       any_bytes(),        any_prefixes()};
    }
    record.result = any_bytes();
    record.created = WallTime(std::chrono::milliseconds(*rc::gen::arbitrary<std::int64_t>()));
    record.traceparent = any_bytes();
    return record;
}

RC_GTEST_PROP(RecordProperty, ComesBackFromItsTextAsItWas, ()) {
    const auto record = any_record();
    RC_ASSERT(record_from_json(to_json(record), "record") == record);
}

// A file damaged by a few bytes gives a record or an Error, never anything else.
RC_GTEST_PROP(RecordProperty, DamagedTextIsReadOrRefused, ()) {
    auto text = to_json(any_record());
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
        text.at(*rc::gen::inRange<std::size_t>(0, text.size())) = *rc::gen::arbitrary<char>();
    }
    try {
        (void)record_from_json(text, "record");
    } catch (const Error& error) {
        RC_ASSERT(std::string(error.what()).starts_with("record: "));
    }
}

}  // namespace
}  // namespace terway::endpoint
