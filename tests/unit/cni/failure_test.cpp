#include "cni/failure.hpp"

#include <gtest/gtest.h>

namespace terway::cni {
namespace {

TEST(Failure, GivesEachStatusItsCode) {
    EXPECT_EQ(code_of(Status::Retry), Code::TryAgainLater);
    EXPECT_EQ(code_of(Status::Invalid), Code::InvalidConfig);
    EXPECT_EQ(code_of(Status::Unsupported), Code::Unsupported);
    EXPECT_EQ(code_of(Status::Gone), Code::UnknownContainer);
    EXPECT_EQ(code_of(Status::Internal), Code::Internal);
}

TEST(Failure, PrintsTheDocumentOfTheSpecification) {
    const Error error(Status::Retry, "pool: no address is free");
    EXPECT_EQ(ErrorResult::from(error, "1.0.0").to_json(),
              "{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"pool: no address is free\"}\n");
}

TEST(Failure, KeepsCodeAndDetailsOfAnErrorThatKnowsThem) {
    const CniError error(Code::InvalidNetns, "CNI_NETNS: gone", "look twice");
    EXPECT_EQ(ErrorResult::from(error, "1.1.0").to_json(),
              "{\"cniVersion\":\"1.1.0\",\"code\":8,\"msg\":\"CNI_NETNS: gone\","
              "\"details\":\"look twice\"}\n");
}

TEST(Failure, EveryCodeKeepsItsKindWhenSeenAsAPlainError) {
    EXPECT_EQ(CniError(Code::TryAgainLater, "x").status(), Status::Retry);
    EXPECT_EQ(CniError(Code::NotAvailable, "x").status(), Status::Retry);
    EXPECT_EQ(CniError(Code::UnknownContainer, "x").status(), Status::Gone);
    EXPECT_EQ(CniError(Code::Unsupported, "x").status(), Status::Unsupported);
    EXPECT_EQ(CniError(Code::Internal, "x").status(), Status::Internal);
    EXPECT_EQ(CniError(Code::Decoding, "x").status(), Status::Invalid);
    EXPECT_EQ(CniError(Code::InvalidEnvironment, "x").status(), Status::Invalid);
}

}  // namespace
}  // namespace terway::cni
