// The laws every module obeys (docs/module-abi.md). Each is one function that throws Broken.
#pragma once

#include <span>

#include "bench.hpp"

namespace terway::conformance {

struct Law {
    int number;
    const char* title;
    void (*run)(const Options&, Kind);
    bool dataplane;
    bool qos;
    bool policy;
    bool eni = false;      // only where ENIs are served
    bool service = false;  // only where Services are translated

    [[nodiscard]] bool concerns(Kind kind) const {
        return kind == Kind::Dataplane ? dataplane : kind == Kind::Qos ? qos : policy;
    }
};
[[nodiscard]] std::span<const Law> laws();

void law_undo(const Options& options, Kind kind);         // 1
void law_repeat(const Options& options, Kind kind);       // 2
void law_unknown(const Options& options, Kind kind);      // 3
void law_failure(const Options& options, Kind kind);      // 4
void law_adopt(const Options& options, Kind kind);        // 5
void law_check(const Options& options, Kind kind);        // 6
void law_commute(const Options& options, Kind kind);      // 7
void law_silence(const Options& options, Kind kind);      // 8
void law_config(const Options& options, Kind kind);       // 9
void law_conduct(const Options& options, Kind kind);      // 10
void law_start(const Options& options, Kind kind);        // 11
void law_apply(const Options& options, Kind kind);        // 12
void law_identity(const Options& options, Kind kind);     // 13
void law_eni_undo(const Options& options, Kind kind);     // 14
void law_eni_check(const Options& options, Kind kind);    // 15
void law_eni_failure(const Options& options, Kind kind);  // 16
void law_limit(const Options& options, Kind kind);        // 17
void law_service(const Options& options, Kind kind);      // 18

}  // namespace terway::conformance
