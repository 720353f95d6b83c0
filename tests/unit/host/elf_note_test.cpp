#include <elf.h>

#include <cstring>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "host/probe.hpp"
#include "host_testing.hpp"
#include "terway/abi.h"
#include "terway/error.hpp"

namespace terway::host {
namespace {

using testing::ThrowsMessage;

std::string image_of(const std::string& module) {
    return read_file(test_module(module));
}

ModuleIdentity identity_in(const std::string& image) {
    return read_identity(std::as_bytes(std::span(image)));
}

// An answer or an Error, and nothing else: the sanitizers watch.
void survive(const std::string& image) {
    try {
        const auto identity = identity_in(image);
        EXPECT_FALSE(identity.id.empty());
        EXPECT_LT(identity.id.size(), 48U);
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Invalid);
    }
}

TEST(ElfNote, NamesTheModuleItsVersionKindsAndAbi) {
    const auto identity = identity_in(image_of("good"));
    EXPECT_EQ(identity.id, "good");
    EXPECT_EQ(identity.version, "1.2.3");
    EXPECT_TRUE(identity.offers(Kind::Dataplane));
    EXPECT_TRUE(identity.offers(Kind::Qos));
    EXPECT_FALSE(identity.offers(Kind::Policy));
    EXPECT_EQ(identity.abi_major, TWY_ABI_MAJOR);
    EXPECT_EQ(identity.abi_minor, TWY_ABI_MINOR);
}

TEST(ElfNote, IsRefusedWithTheReason) {
    const auto refusal = [](const std::string& image) {
        return [image] { static_cast<void>(identity_in(image)); };
    };
    EXPECT_THAT(refusal(""), ThrowsMessage<Error>("not an ELF file"));
    EXPECT_THAT(refusal("#!/bin/sh\n"), ThrowsMessage<Error>("not an ELF file"));
    EXPECT_THAT(refusal(image_of("good").substr(0, 40)),
                ThrowsMessage<Error>("not a whole ELF file: the header lies beyond its end"));
    EXPECT_THAT(refusal(image_of("no-note")),
                ThrowsMessage<Error>("no Terway module: it has no .note.terway note"));
    EXPECT_THAT(refusal(image_of("note-magic")),
                ThrowsMessage<Error>("its Terway note has the wrong magic number"));
    std::string foreign = image_of("good");
    foreign[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_PPC);
    EXPECT_THAT(refusal(foreign), ThrowsMessage<Error>("an ELF file for another machine"));
    std::string program = image_of("good");
    program[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
    EXPECT_THAT(refusal(program), ThrowsMessage<Error>("not a shared object"));
}

TEST(ElfNote, RefusesAnIdThatCouldForgeALogLine) {
    std::string image = image_of("good");
    const auto note = image.find(std::string("Terway\0\0", 7));
    const auto id = image.find("good", note);
    ASSERT_NE(id, std::string::npos);
    image[id + 1] = '\n';
    EXPECT_THAT([&] { static_cast<void>(identity_in(image)); },
                ThrowsMessage<Error>("its id holds other than printable ASCII"));
}

TEST(ElfNote, SurvivesEveryTruncation) {
    const std::string image = image_of("plain");
    for (std::size_t size = 0; size < image.size(); size += size < 4096 ? 1 : 97) {
        survive(image.substr(0, size));
    }
}

// The headers and the notes are at the front; every byte of them is turned over.
TEST(ElfNote, SurvivesEveryByteFlippedInItsHeadersAndNotes) {
    const std::string image = image_of("plain");
    const std::size_t end = image.find("deviant") + 108;
    ASSERT_LT(end, image.size());
    for (std::size_t at = 0; at < end; ++at) {
        for (const char mask : {'\xff', '\x01', '\x80'}) {
            std::string flipped = image;
            flipped[at] = static_cast<char>(flipped[at] ^ mask);
            survive(flipped);
        }
    }
}

TEST(ElfNote, SurvivesRandomDamage) {
    const std::string image = image_of("plain");
    std::mt19937 random(20240501);
    const std::size_t front = image.find("deviant") + 108;
    for (int round = 0; round < 3000; ++round) {
        std::string damaged = image.substr(0, front + random() % 512);
        for (auto hits = 1 + random() % 8; hits > 0; --hits) {
            damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        survive(damaged);
    }
}

}  // namespace
}  // namespace terway::host
