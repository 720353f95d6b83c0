// terwayctl policy eval: plays a file of NetworkPolicy cases; needs no terwayd and no rights.
#pragma once

namespace terway::ctl {

// `argv[0]` is "policy". The exit status: 0 everything is as expected, 2 wrong usage, 3 something
// is not. Throws Error for what cannot be read or understood.
[[nodiscard]] int policy_command(int argc, char** argv);

}  // namespace terway::ctl
