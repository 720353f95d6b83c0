// Who a module file says it is, and whether it may be loaded: decided from the bytes of the file
// and its owner, without running anything in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace terway::host {

// The part a module plays in a chain; values are the bits of the ELF note.
// Eni is what a dataplane offers beside its own part, Service what a policy module does.
enum class Kind : std::uint32_t { Dataplane = 1, Qos = 2, Policy = 4, Eni = 8, Service = 16 };

// "dataplane", "qos", "policy", "eni", "service".
[[nodiscard]] const char* kind_name(Kind kind);

// Whose files are trusted. A module runs as root inside the daemon, so anyone who could change the
// file, or any directory above it, could do anything.
enum class Trust {
    RootOnly,  // owned by root and writable by nobody else, up to "/"
    AnyOwner,  // tests only
};

struct ModuleIdentity {
    std::string id;
    std::string version;
    std::uint32_t kinds = 0;  // bits of Kind
    std::uint16_t abi_major = 0;
    std::uint16_t abi_minor = 0;

    [[nodiscard]] bool offers(Kind kind) const noexcept {
        return (kinds & static_cast<std::uint32_t>(kind)) != 0;
    }
};

// Keeps the file open: loading compares it with what the path then names.
struct ProbedModule {
    std::string path;  // symbolic links resolved
    ModuleIdentity identity;
    std::string sha256;  // lower-case hex
    Fd file;
};

// Reads the identity of a module file. Throws Error(Gone) if there is no such file, Error(Invalid)
// if it is no module or not trusted. Any ABI version passes; see admit.
[[nodiscard]] ProbedModule probe(const std::string& path, Trust trust = Trust::RootOnly);

// What the profile expects of a module.
struct Expectation {
    std::string id;
    std::vector<Kind> kinds;            // all of them
    std::optional<std::string> sha256;  // lower-case hex
};

// Throws Error(Invalid) unless this daemon can load the module and it is what was asked for.
void admit(const ProbedModule& module, const Expectation& expected);

// The identity in the image of an ELF file; pure. Throws Error(Invalid) saying what is wrong with
// it.
[[nodiscard]] ModuleIdentity read_identity(std::span<const std::byte> image);

// The file of a module id: the first of `<dir>/<id>.so` that exists. Throws Error(Gone) naming the
// directories searched.
[[nodiscard]] std::string find_module(const std::string& id, std::span<const std::string> dirs);

}  // namespace terway::host
