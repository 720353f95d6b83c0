#include <elf.h>

#include <array>
#include <cstring>
#include <limits>
#include <string_view>

#include "host/probe.hpp"
#include "terway/abi.h"
#include "terway/error.hpp"

namespace terway::host {
namespace {

using Bytes = std::span<const std::byte>;

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#else
#error "name this machine's ELF number here"
#endif

constexpr std::size_t kTextSize = 48;

// What TERWAY_MODULE puts behind the note's header and owner name.
struct NoteBody {
    std::uint32_t magic;
    std::uint16_t abi_major;
    std::uint16_t abi_minor;
    std::uint32_t kinds;
    std::array<char, kTextSize> id;
    std::array<char, kTextSize> version;
};

Error refusal(const std::string& text) {
    return {Status::Invalid, text};
}

// A copy, because nothing in a file is aligned or of the size it claims.
template <class T>
T read_at(Bytes image, std::uint64_t offset, const char* what) {
    if (offset > image.size() || image.size() - offset < sizeof(T)) {
        throw refusal(std::string("not a whole ELF file: the ") + what + " lies beyond its end");
    }
    T value;
    std::memcpy(&value, image.data() + offset, sizeof value);
    return value;
}

Bytes slice(Bytes image, std::uint64_t offset, std::uint64_t size, const char* what) {
    if (offset > image.size() || image.size() - offset < size) {
        throw refusal(std::string("not a whole ELF file: the ") + what + " lies beyond its end");
    }
    return image.subspan(offset, size);
}

Elf64_Ehdr read_header(Bytes image) {
    if (image.size() < SELFMAG || std::memcmp(image.data(), ELFMAG, SELFMAG) != 0) {
        throw refusal("not an ELF file");
    }
    const auto header = read_at<Elf64_Ehdr>(image, 0, "header");
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != kMachine) {
        throw refusal("an ELF file for another machine");
    }
    if (header.e_type != ET_DYN) {
        throw refusal("not a shared object");
    }
    if (header.e_phentsize != sizeof(Elf64_Phdr)) {
        throw refusal("not a whole ELF file: the program headers have an unknown size");
    }
    return header;
}

std::string text_of(const std::array<char, kTextSize>& field, const char* what) {
    const std::string_view raw(field.data(), field.size());
    const auto end = raw.find('\0');
    if (end == std::string_view::npos || end == 0) {
        throw refusal(std::string("its ") + what + " is " + (end == 0 ? "empty" : "too long"));
    }
    for (const char c : raw.substr(0, end)) {
        if (c <= ' ' || c >= 0x7f) {
            throw refusal(std::string("its ") + what + " holds other than printable ASCII");
        }
    }
    return std::string(raw.substr(0, end));
}

ModuleIdentity identity_of(Bytes body) {
    if (body.size() < sizeof(NoteBody)) {
        throw refusal("its Terway note is too short");
    }
    const auto note = read_at<NoteBody>(body, 0, "note");
    if (note.magic != TWY_MAGIC) {
        throw refusal("its Terway note has the wrong magic number");
    }
    return {text_of(note.id, "id"), text_of(note.version, "version"), note.kinds, note.abi_major,
            note.abi_minor};
}

std::uint64_t padded(std::uint64_t size) {
    return (size + 3) & ~std::uint64_t{3};
}

// The body of the Terway note in one PT_NOTE segment; empty if there is none.
Bytes find_note(Bytes notes) {
    std::uint64_t at = 0;
    while (at < notes.size()) {
        const auto header = read_at<Elf64_Nhdr>(notes, at, "note");
        at += sizeof header;
        const auto owner = slice(notes, at, header.n_namesz, "note's owner");
        at += padded(header.n_namesz);
        const auto body = slice(notes, at, header.n_descsz, "note's body");
        at += padded(header.n_descsz);
        if (header.n_type == TWY_NOTE_TYPE && owner.size() == sizeof TWY_NOTE_OWNER &&
            std::memcmp(owner.data(), TWY_NOTE_OWNER, owner.size()) == 0) {
            return body;
        }
    }
    return {};
}

}  // namespace

ModuleIdentity read_identity(std::span<const std::byte> image) {
    const auto header = read_header(image);
    for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
        if (header.e_phoff > image.size()) {
            throw refusal("not a whole ELF file: the program headers lie beyond its end");
        }
        const auto segment =
            read_at<Elf64_Phdr>(image, header.e_phoff + i * sizeof(Elf64_Phdr), "program headers");
        // Notes of 8-byte alignment are the toolchain's own and padded otherwise.
        if (segment.p_type != PT_NOTE || segment.p_align > 4) {
            continue;
        }
        const auto body =
            find_note(slice(image, segment.p_offset, segment.p_filesz, "note segment"));
        if (!body.empty()) {
            return identity_of(body);
        }
    }
    throw refusal("no Terway module: it has no " TWY_NOTE_SECTION " note");
}

}  // namespace terway::host
