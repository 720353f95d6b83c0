// Every code of the reaction table, met by the whole: the pool recovers, or says what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud_node.hpp"

namespace terway::test {
namespace {

using testing::HasSubstr;

constexpr const char* kCreate = "CreateNetworkInterface";
constexpr const char* kAttach = "AttachNetworkInterface";
constexpr const char* kAssign = "AssignPrivateIpAddresses";

struct Row {
    const char* code;
    unsigned status = 400;
    const char* message = "";
    const char* told = nullptr;  // by the pool; null: the code itself
};

constexpr const char* kFull = "vswitch vsw-a has no free address";

struct Case {
    const char* name;
    const char* action;
    std::vector<Row> rows;
};

void PrintTo(const Case& each, std::ostream* out) {
    *out << each.name;
}

std::string name_of(const testing::TestParamInfo<Case>& each) {
    return each.param.name;
}

class EniCodes : public testing::TestWithParam<Case> {
protected:
    // With one address an ENI every pod needs a new ENI; with many, more addresses.
    static CloudSettings settings() {
        CloudSettings out;
        const bool assigns = GetParam().action == std::string(kAssign);
        out.type = "ecs.test.large";
        out.topology = "[[instance_type]]\nid = \"ecs.test.large\"\nenis = 40\nipv4 = " +
                       std::string(assigns ? "40" : "1") + "\nipv6 = 0\n";
        out.pool = std::string("min_idle = 1\nmax_idle = 1\n") + (assigns ? "max_enis = 1\n" : "");
        return out;
    }

    int inject(const Row& row, unsigned times) {
        return cloud_.add_fault({.action = GetParam().action,
                                 .code = row.code,
                                 .status = row.status,
                                 .message = row.message,
                                 .times = times});
    }

    // Takes the idle address, so that the pool needs the next.
    void add_pod() {
        const auto name = "p" + std::to_string(pods_.size());
        pods_.push_back(node_.sandbox(name));
        const auto added = node_.add(name, *pods_.back());
        EXPECT_TRUE(added.ok()) << added.out;
    }

    void expect_no_leak() {
        for (const auto& [id, eni] : cloud_.enis()) {
            EXPECT_EQ(eni.status, "InUse") << id;
        }
    }

    CloudNode cloud_{settings()};
    Node& node_ = cloud_.node();
    std::vector<std::unique_ptr<Sandbox>> pods_;
};

class EniCodesThatPass : public EniCodes {};

TEST_P(EniCodesThatPass, AreGotOver) {
    const auto daemon = node_.start();
    for (const auto& row : GetParam().rows) {
        SCOPED_TRACE(row.code);
        const auto fault = inject(row, 1);
        add_pod();
        EXPECT_TRUE(eventually([&] { return cloud_.struck(fault) == 1; }));
        EXPECT_TRUE(
            eventually([&] { return cloud_.in_state("idle") == 1; }, std::chrono::seconds(10)))
            << cloud_.troubles();
        EXPECT_EQ(cloud_.agreed(), "") << daemon->log();
    }
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

const std::vector<Row> kPassing{
    {"Throttling.User"},
    {"Rejected.Throttling"},
    {"ServiceUnavailable", 503},
    {"InternalError", 500},
    {"UnknownError", 500},
    {"Vpc.Error"},
    {"OperationConflict"},
    {"Operation.Conflict"},
    {"LastTokenProcessing"},
    {"IdempotentParameterMismatch"},
    {"IdempotentFailed"},
    {"InvalidIdempotenceParameter.Mismatch"},
    {"InvalidAccessKeyId.NotFound", 404},
    {"Forbidden.AccessKeyDisabled", 403},
    {"SignatureDoesNotMatch"},
    {"InvalidSecurityToken.Expired"},
    {"MissingSecurityToken"},
    {"InvalidParameter", 400, "The SecurityToken is not valid."},
    {"InvalidTimeStamp.Expired"},
    {"IllegalTimestamp"},
    {"SignatureNonceUsed"},
    {"", 429},
    {"", 408},
    {"NeverHeardOf", 500},
};

std::vector<Row> with(std::vector<Row> rows, const std::vector<Row>& more) {
    rows.insert(rows.end(), more.begin(), more.end());
    return rows;
}

// The many are cut in two, for the sake of time.
std::vector<Row> half(int which) {
    const auto middle = kPassing.begin() + 12;
    return which == 0 ? std::vector<Row>(kPassing.begin(), middle)
                      : std::vector<Row>(middle, kPassing.end());
}

INSTANTIATE_TEST_SUITE_P(
    AtOnce, EniCodesThatPass,
    testing::Values(Case{"CreateA", kCreate, half(0)}, Case{"CreateB", kCreate, half(1)},
                    Case{"AttachA", kAttach,
                         with(half(0), {{"InvalidOperation.InvalidEniState"},
                                        {"InvalidOperation.InvalidEcsState"}})},
                    Case{"AttachB", kAttach, half(1)}, Case{"AssignA", kAssign, half(0)},
                    Case{"AssignB", kAssign,
                         with(half(1), {{"InvalidOperation.InvalidEniState"}})}),
    name_of);

class EniCodesThatLast : public EniCodes {};

TEST_P(EniCodesThatLast, AreToldAndLeakNothingAndDoNoHarmToPods) {
    for (const auto& row : GetParam().rows) {
        SCOPED_TRACE(row.code);
        const auto daemon = node_.start();
        ASSERT_TRUE(eventually([&] { return cloud_.in_state("idle") == 1; }));
        (void)inject(row, 0);
        add_pod();
        std::string told;
        EXPECT_TRUE(eventually([&] {
            told = cloud_.troubles();
            return told.find(row.told == nullptr ? row.code : row.told) != std::string::npos;
        })) << told
            << daemon->log();
        EXPECT_TRUE(daemon->logged(row.code));
        expect_no_leak();
        cloud_.clear_faults();
        EXPECT_EQ(cloud_.agreed(), "") << daemon->log();
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    }
}

INSTANTIATE_TEST_SUITE_P(UntilMended, EniCodesThatLast,
                         testing::Values(Case{"CreateOfQuotas",
                                              kCreate,
                                              {{"InvalidVSwitchId.IpNotEnough", 403, "", kFull},
                                               {"QuotaExceeded.PrivateIpAddress", 400, "", kFull},
                                               {"MaxEniPrivateIpsCountExceeded", 403},
                                               {"MaxEniIpv6IpsCountExceeded", 403},
                                               {"MaxEniCountExceeded", 403},
                                               {"SecurityGroupInstanceLimitExceed", 403},
                                               {"QuotaExceeded.Eni"},
                                               {"JoinedGroupLimitExceeded"}}},
                                         Case{"CreateOfRights",
                                              kCreate,
                                              {{"Forbidden.RAM", 403},
                                               {"Forbbiden.SubUser", 403},
                                               {"Forbedden.SubUser", 403},
                                               {"NoPermission", 403},
                                               {"InvalidAccessKeyId.NotFound", 404},
                                               {"SignatureDoesNotMatch"}}},
                                         Case{"CreateOfMistakes",
                                              kCreate,
                                              {{"IncorrectVSwitchStatus"},
                                               {"InvalidVSwitchId.NotFound", 404},
                                               {"InvalidOperation.AvailabilityZoneMismatch", 403},
                                               {"InvalidVSwitch.Ipv6NotTurnOn"},
                                               {"InvalidOperation.Ipv6NotSupport"},
                                               {"InvalidParameter.Nonsense"}}},
                                         Case{"Attach",
                                              kAttach,
                                              {{"EniPerInstanceLimitExceeded", 403},
                                               {"InvalidEniId.NotFound", 404},
                                               {"InvalidEcsId.NotFound", 404},
                                               {"InvalidInstanceId.NotFound", 404},
                                               {"InvalidOperation.AvailabilityZoneMismatch", 403},
                                               {"Forbidden.RAM", 403},
                                               {"InvalidParameter.Nonsense"}}},
                                         Case{"Assign",
                                              kAssign,
                                              {{"InvalidVSwitchId.IpNotEnough", 403, "", kFull},
                                               {"QuotaExceeded.PrivateIpAddress", 400, "", kFull},
                                               {"InvalidOperation.Ipv4CountExceeded", 403},
                                               {"InvalidOperation.Ipv6CountExceeded", 403},
                                               {"InvalidEniId.NotFound", 404},
                                               {"InvalidIp.IpAssigned"},
                                               {"Forbidden.RAM", 403},
                                               {"InvalidParameter.Nonsense"}}}),
                         name_of);

}  // namespace
}  // namespace terway::test
