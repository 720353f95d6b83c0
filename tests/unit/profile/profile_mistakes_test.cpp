#include "profile/profile.hpp"

#include <ostream>
#include <string>

#include <gtest/gtest.h>

namespace terway::profile {
namespace {

struct Mistake {
    const char* name;
    std::string text;
    const char* complaints;  // each line without the file name
};

std::ostream& operator<<(std::ostream& out, const Mistake& mistake) {
    return out << mistake.name;
}

class ProfileMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ProfileMistakes, AreReportedAtTheirPlace) {
    Diagnostics diagnostics("p");
    EXPECT_FALSE(parse(GetParam().text, diagnostics).has_value());
    EXPECT_EQ(diagnostics.print(), GetParam().complaints);
}

// What follows it begins on line 4.
const std::string good_start = "profile = \"p\"\n[chain]\ndataplane = \"veth\"\n";

const Mistake mistakes[] = {
    {"Nothing", "",
     "p:1:1: error: the key \"profile\" is missing\np:1:1: error: the table [chain] is missing\n"},
    {"NoDataplane", "profile = \"p\"\n[chain]\nqos = \"q\"\n",
     "p:2:1: error: the key \"dataplane\" is missing in [chain]\n"},
    {"NameOfAnotherType", "profile = 7\n[chain]\ndataplane = \"veth\"\n",
     "p:1:11: error: profile must be a string\n"},
    {"NameWithSpace", "profile = \"my node\"\n[chain]\ndataplane = \"veth\"\n",
     "p:1:11: error: profile must be 1 to 63 of a-z, 0-9 and \"-\"\n"},
    {"ChainThatIsNoTable", "profile = \"p\"\nchain = \"veth\"\n",
     "p:2:9: error: chain must be a table\n"},
    {"IdThatIsAPath", "profile = \"p\"\n[chain]\ndataplane = \"../../tmp/evil\"\n",
     "p:3:13: error: dataplane must be a module id: 1 to 47 of a-z, 0-9, \"-\", \"_\" and \".\"\n"},
    {"IdThatBeginsWithADot", "profile = \"p\"\n[chain]\ndataplane = \"..\"\n",
     "p:3:13: error: dataplane must be a module id: 1 to 47 of a-z, 0-9, \"-\", \"_\" and \".\"\n"},
    {"UnknownKeyNearAnother", good_start + "[pool]\ncool_dwon = \"30s\"\n",
     "p:5:1: error: unknown key \"cool_dwon\" in [pool], did you mean \"cool_down\"?\n"},
    {"UnknownKeyLikeNoOther", good_start + "[pool]\nx = 1\n",
     "p:5:1: error: unknown key \"x\" in [pool]\n"},
    {"UnknownTable", good_start + "[demon]\nadd_lane = 2\n",
     "p:4:2: error: unknown key \"demon\", did you mean \"daemon\"?\n"},
    {"BadDuration", good_start + "[pool]\ncool_down = \"30 seconds\"\n",
     "p:5:13: error: cool_down must be a duration such as \"500ms\", \"30s\" or \"2m\", not \"30 "
     "seconds\"\n"},
    {"DurationThatIsANumber", good_start + "[pool]\ncool_down = 30\n",
     "p:5:13: error: cool_down must be a string\n"},
    {"DurationOutOfRange", good_start + "[daemon]\nrequest_deadline = \"20m\"\n",
     "p:5:20: error: request_deadline must lie between 1s and 10m\n"},
    {"ModuleDeadlineBeyondTheRequests",
     good_start + "[daemon]\nrequest_deadline = \"20s\"\nmodule_deadline = \"21s\"\n",
     "p:6:19: error: module_deadline must not exceed request_deadline\n"},
    {"ModuleDeadlineOfAnotherType", good_start + "[daemon]\nmodule_deadline = 5\n",
     "p:5:19: error: module_deadline must be a string\n"},
    {"UnknownSource", good_start + "[pool]\nsource = \"enis\"\n",
     "p:5:10: error: source must be \"pod-cidr\", \"eni\" or \"exclusive-eni\", did you mean "
     "\"eni\"?\n"},
    {"EniKeyWithoutEnis", good_start + "[pool]\nfamilies = \"dual\"\n",
     "p:5:12: error: families means something with addresses of ENIs only, such as source = "
     "\"eni\"\n"},
    {"KeyOfSharedEnisWithoutEnis", good_start + "[pool]\nmin_idle = 3\n",
     "p:5:12: error: min_idle means something with source = \"eni\" only\n"},
    {"KeyOfSharedEnisWithWholeOnes",
     good_start + "[pool]\nsource = \"exclusive-eni\"\nwarm_up = 3\n",
     "p:6:11: error: warm_up means something with source = \"eni\" only\n"},
    {"TableOfWholeEnisWithSharedOnes",
     good_start + "[pool]\nsource = \"eni\"\n[pool.exclusive]\nmin_idle = 1\n",
     "p:6:1: error: exclusive means something with source = \"exclusive-eni\" only\n"},
    {"WholeEnisTheWrongWayRound",
     good_start + "[pool]\nsource = \"exclusive-eni\"\nexclusive = { min_idle = 3 }\n",
     "p:6:26: error: max_idle (2) must not be less than min_idle (3)\n"},
    {"UnknownKeyOfWholeEnis",
     good_start + "[pool]\nsource = \"exclusive-eni\"\nexclusive = { min_idl = 3 }\n",
     "p:6:15: error: unknown key \"min_idl\" in [pool.exclusive], did you mean \"min_idle\"?\n"},
    {"WatermarksTheWrongWayRound",
     good_start + "[pool]\nsource = \"eni\"\nmin_idle = 9\nmax_idle = 3\n",
     "p:7:12: error: max_idle (3) must not be less than min_idle (9)\n"},
    {"MinIdleAboveTheDefaultMaximum", good_start + "[pool]\nsource = \"eni\"\nmin_idle = 11\n",
     "p:6:12: error: max_idle (10) must not be less than min_idle (11)\n"},
    {"PrefixesOfAnotherType", good_start + "[pool]\nsource = \"eni\"\nprefixes = 1\n",
     "p:6:12: error: prefixes must be true or false\n"},
    {"StickyPodWithoutNamespace", good_start + "[pool]\nsticky_pods = [\"web-*\"]\n",
     "p:5:16: error: sticky_pods must hold patterns such as \"default/web-*\"\n"},
    {"NoVSwitchId", good_start + "[cloud]\nvswitches = [\"subnet-1\"]\n",
     "p:5:14: error: vswitches must hold ids such as \"vsw-bp1...\", not \"subnet-1\"\n"},
    {"VSwitchTwice", good_start + "[cloud]\nvswitches = [\"vsw-1\", \"vsw-1\"]\n",
     "p:5:23: error: vswitches names \"vsw-1\" twice\n"},
    {"EndpointWithAPath", good_start + "[cloud]\necs_endpoint = \"https://ecs/v1\"\n",
     "p:5:16: error: ecs_endpoint must be \"https://host\" or \"https://host:port\", without a "
     "path (http:// only for tests)\n"},
    {"TagOfTheClouds", good_start + "[cloud.tags]\naliyun-x = \"1\"\n",
     "p:4:1: error: tags: the cloud allows no tag \"aliyun-x\"\n"},
    {"TagThatIsANumber", good_start + "[cloud.tags]\nteam = 7\n",
     "p:5:8: error: tags.team must be a string\n"},
    {"BadCidr", good_start + "[node]\npod_cidrs = [\"172.20.1.0\"]\n",
     "p:5:14: error: \"172.20.1.0\" is no address range such as \"172.20.1.0/24\"\n"},
    {"CidrWithHostBits", good_start + "[node]\npod_cidrs = [\"172.20.1.7/24\"]\n",
     "p:5:14: error: \"172.20.1.7/24\" has host bits set, the range is \"172.20.1.0/24\"\n"},
    {"OverlappingCidrs", good_start + "[node]\npod_cidrs = [\"10.0.0.0/16\",\n  \"10.0.3.0/24\"]\n",
     "p:6:3: error: \"10.0.3.0/24\" overlaps \"10.0.0.0/16\"\n"},
    {"CidrOfAnotherType", good_start + "[node]\npod_cidrs = [7, \"10.0.0.0/24\"]\n",
     "p:5:14: error: pod_cidrs must hold strings only\n"},
    {"CidrsThatAreNoArray", good_start + "[node]\npod_cidrs = \"10.0.0.0/24\"\n",
     "p:5:13: error: pod_cidrs must be an array of strings\n"},
    {"UnknownHostNames", good_start + "[endpoint]\nhost_names = \"calico\"\n",
     "p:5:14: error: host_names must be \"container\" or \"felix\"\n"},
    {"SmallMtu", good_start + "[endpoint]\nmtu = 100\n",
     "p:5:7: error: mtu must lie between 576 and 9216\n"},
    {"NegativeLane", good_start + "[daemon]\nadd_lane = -1\n",
     "p:5:12: error: add_lane must lie between 1 and 64\n"},
    {"LaneThatIsABoolean", good_start + "[daemon]\nadd_lane = true\n",
     "p:5:12: error: add_lane must be an integer\n"},
    {"RelativeSocket", good_start + "[daemon]\nsocket = \"cni.sock\"\n",
     "p:5:10: error: socket must be an absolute path\n"},
    {"RelativeModuleDir", good_start + "[daemon]\nmodule_dirs = [\"/a\", \"b\"]\n",
     "p:5:22: error: module_dirs must hold absolute paths only\n"},
    {"AdminWithoutPort", good_start + "[daemon]\nadmin = \"127.0.0.1\"\n",
     "p:5:9: error: admin must be \"unix:/path\", an address and port such as \"127.0.0.1:9809\", "
     "or "
     "empty for none\n"},
    {"AdminByName", good_start + "[daemon]\nadmin = \"localhost:80\"\n",
     "p:5:9: error: admin must be \"unix:/path\", an address and port such as \"127.0.0.1:9809\", "
     "or "
     "empty for none\n"},
    {"ModuleOutsideTheChain", good_start + "[module.ipvlan]\nmode = \"l2\"\n",
     "p:4:9: error: [module.ipvlan] names no module of the chain\n"},
    {"ModuleNearOneOfTheChain", good_start + "[module.vet]\n",
     "p:4:9: error: [module.vet] names no module of the chain, did you mean \"veth\"?\n"},
    {"ModuleThatIsNoTable", good_start + "[module]\nveth = 3\n",
     "p:5:8: error: veth must be a table\n"},
    {"UnquotedIdWithDots",
     "profile = \"p\"\n[chain]\ndataplane = \"com.example.x\"\n[module.com.example.x]\nmtu = 1\n",
     "p:4:9: error: [module.com] is no module; an id with dots is quoted: "
     "[module.\"com.example.x\"]\n"},
    {"ShortPin", good_start + "[module.veth]\nsha256 = \"abc\"\n",
     "p:5:10: error: sha256 must be 64 hexadecimal digits\n"},
    {"RelativeModulePath", good_start + "[module.veth]\npath = \"veth.so\"\n",
     "p:5:8: error: path must be an absolute path\n"},
    {"TwiceTheSameKey", good_start + "[pool]\ncool_down = \"1s\"\ncool_down = \"2s\"\n",
     "p:6:13: error: not TOML: error while parsing key-value pair: cannot redefine existing string "
     "'cool_down'\n"},
    {"AllAtOnce",
     "profle = \"p\"\n[chain]\ndataplane = 1\n[pool]\ncool_down = \"x\"\n[endpoint]\nmtu = 1\n",
     "p:1:1: error: the key \"profile\" is missing\n"
     "p:1:1: error: unknown key \"profle\", did you mean \"profile\"?\n"
     "p:3:13: error: dataplane must be a string\n"
     "p:5:13: error: cool_down must be a duration such as \"500ms\", \"30s\" or \"2m\", not \"x\"\n"
     "p:7:7: error: mtu must lie between 576 and 9216\n"},
};

INSTANTIATE_TEST_SUITE_P(Profile, ProfileMistakes, testing::ValuesIn(mistakes),
                         [](const auto& mistake) { return std::string(mistake.param.name); });

TEST(Profile, SaysNothingBeyondTheFirstSyntaxErrorButWhereItIs) {
    Diagnostics diagnostics("p");
    EXPECT_FALSE(parse("profile = \"p\"\n[chain\n", diagnostics).has_value());
    ASSERT_EQ(diagnostics.errors(), 1U);
    EXPECT_EQ(diagnostics.sorted().front().place.line, 2U);
}

}  // namespace
}  // namespace terway::profile
