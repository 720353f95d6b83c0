// terwayctl import-eni-conf: reads a file, writes one or two, tells what changed its meaning.
#pragma once

namespace terway::ctl {

// `argv[0]` is the name of the command. The exit status: 0 fine, 2 wrong usage, 3 something in the
// file was wrong and left out. Throws Error for what cannot be read, understood or written; nothing
// is written then.
[[nodiscard]] int import_command(int argc, char** argv);

}  // namespace terway::ctl
