// Named points where a test may kill, fail or hold up the process. Nothing at all unless the build
// has TERWAY_TEST_HOOKS.
//
// The environment says what happens; it is read once, at the first pass of any checkpoint:
//     TERWAY_CHECKPOINT=kill:<name>[:n]     SIGKILL at the n-th pass (the first without n)
//     TERWAY_CHECKPOINT=fail:<name>[:n]     Error(Retry) at the n-th pass (at each without n)
//     TERWAY_CHECKPOINT=hang:<name>:<ms>    each pass takes that long
//     TERWAY_CHECKPOINT_LOG=<file>          every name passed is appended, a line each
// A value that cannot be understood aborts the process: a test must not pass by mistake.
#pragma once

namespace terway {

// `name` is a literal of the form "place.event", without colons. Any thread.
#ifdef TERWAY_TEST_HOOKS
void checkpoint(const char* name);
#else
inline void checkpoint(const char* /*name*/) noexcept {}
#endif

}  // namespace terway
