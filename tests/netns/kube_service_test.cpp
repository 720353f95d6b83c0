// Services and EndpointSlices from the API server to the module that translates them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "kube_node.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr seconds kLimit{20};
constexpr const char* kServices = "services";
constexpr const char* kSlices = "endpointslices.discovery.k8s.io";
constexpr const char* kWeb = R"({"spec": {"clusterIP": "172.21.0.80", "ports": [{"port": 80}]}})";

class KubeServices : public testing::Test {
protected:
    KubeServices() {
        cluster_.give_pod_cidrs();
        node().settings().pod_cidrs = {"172.20.1.0/24", "fd00:20:1::/64"};
        node().settings().chain = "policy = \"recorder\"\n";
        translate_by("module");
    }
    void translate_by(const std::string& who) {
        cluster_.set_modules("pod_wait = \"0s\"\n[service]\nby = \"" + who +
                             "\"\n[policy]\nstartup = \"allow\"\nstartup_deadline = \"1s\"\n"
                             "[module.recorder]\nservices = \"" +
                             log_file() + "\"\nfail = \"" + fail_file() + "\"\n");
    }
    Node& node() { return cluster_.node(); }
    std::string log_file() { return node().files() / "recorder"; }
    std::string fail_file() { return node().files() / "fail"; }

    static std::string slice(const std::string& endpoints, const std::string& service = "web") {
        return R"({"metadata": {"labels": {"kubernetes.io/service-name": ")" + service +
               R"("}}, "addressType": "IPv4", "ports": [{"port": 8080}], "endpoints": [)" +
               endpoints + "]}";
    }
    static std::string endpoint(const std::string& address, const std::string& more = "") {
        return R"({"addresses": [")" + address + "\"]" + more + "}";
    }

    // "full" or "difference" of each update, in order.
    std::vector<std::string> updates() {
        std::vector<std::string> all;
        std::ifstream in(log_file());
        for (std::string line; std::getline(in, line);) {
            std::istringstream words(line);
            std::string word;
            if (words >> word && word == "services" && words >> word) {
                all.push_back(word);
            }
        }
        return all;
    }
    // By frontend, what the module knows.
    std::map<std::string, std::string> known() {
        std::map<std::string, std::string> all;
        std::ifstream in(log_file());
        for (std::string line; std::getline(in, line);) {
            std::istringstream words(line);
            std::string word;
            if (!(words >> word) || word != "services" || !(words >> word)) {
                continue;
            }
            if (word == "full") {
                all.clear();
            }
            for (; words >> word;) {
                const auto equals = word.find('=');
                if (word.substr(equals + 1) == "gone") {
                    all.erase(word.substr(0, equals));
                } else {
                    all[word.substr(0, equals)] = word.substr(equals + 1);
                }
            }
        }
        return all;
    }
    std::string frontend(const std::string& key) {
        const auto all = known();
        const auto found = all.find(key);
        return found == all.end() ? "" : found->second;
    }
    bool becomes(const std::string& key, const std::string& wanted) {
        return eventually([&] { return frontend(key) == wanted; }, kLimit);
    }
    void cut_off() {
        cluster_.server().set_down(true);
        cluster_.server().close_connections();
    }

    KubeNode cluster_;
};

TEST_F(KubeServices, ReachTheModuleAndFollowTheApiServer) {
    cluster_.put(kServices, "web", kWeb);
    cluster_.put(kSlices, "web-1", slice(endpoint("10.1.0.1")));
    const auto daemon = cluster_.start_daemon();
    EXPECT_TRUE(becomes("172.21.0.80:80/6", "default/web(10.1.0.1:8080)")) << daemon->log();
    EXPECT_EQ(frontend("172.21.0.1:443/6"), "default/kubernetes:https()");

    cluster_.put(kSlices, "web-1",
                 slice(endpoint("10.1.0.1", R"(, "conditions": {"ready": false, "serving": true,
                                                  "terminating": true})") +
                       "," + endpoint("10.1.0.2")));
    EXPECT_TRUE(becomes("172.21.0.80:80/6", "default/web(10.1.0.1:8080-,10.1.0.2:8080)"));
    cluster_.put(kSlices, "web-2", slice(endpoint("10.1.0.3")));
    EXPECT_TRUE(
        becomes("172.21.0.80:80/6", "default/web(10.1.0.1:8080-,10.1.0.2:8080,10.1.0.3:8080)"));
    cluster_.put(kServices, "web", R"({"spec": {"sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}}})");
    EXPECT_TRUE(becomes("172.21.0.80:80/6",
                        "default/web(10.1.0.1:8080-,10.1.0.2:8080,10.1.0.3:8080);affinity=60"));
    cluster_.drop(kSlices, "web-1");
    EXPECT_TRUE(becomes("172.21.0.80:80/6", "default/web(10.1.0.3:8080);affinity=60"));
    cluster_.drop(kServices, "web");
    EXPECT_TRUE(becomes("172.21.0.80:80/6", ""));
    const auto told = updates();
    EXPECT_EQ(std::count(told.begin(), told.end(), "full"), 1);
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(KubeServices, AreChosenForThisNode) {
    cluster_.put(kServices, "local", R"({"spec": {"clusterIP": "172.21.0.81",
        "internalTrafficPolicy": "Local", "ports": [{"port": 80}]}})");
    cluster_.put(kSlices, "local-1",
                 slice(endpoint("10.1.0.1", R"(, "nodeName": "node-a")") + "," +
                           endpoint("10.1.0.2", R"(, "nodeName": "node-b")"),
                       "local"));
    cluster_.put(kServices, "headless",
                 R"({"spec": {"clusterIP": "None", "ports": [{"port": 80}]}})");
    cluster_.put(kServices, "mesh", R"({"metadata": {"labels":
        {"service.kubernetes.io/service-proxy-name": "mesh"}},
        "spec": {"clusterIP": "172.21.0.82", "ports": [{"port": 80}]}})");
    const auto daemon = cluster_.start_daemon();
    EXPECT_TRUE(becomes("172.21.0.81:80/6", "default/local(10.1.0.1:8080);drop")) << daemon->log();
    EXPECT_EQ(known().size(), 2U) << "and default/kubernetes";
    cluster_.put(kSlices, "local-1",
                 slice(endpoint("10.1.0.2", R"(, "nodeName": "node-b")"), "local"));
    EXPECT_TRUE(becomes("172.21.0.81:80/6", "default/local();drop"));
}

TEST_F(KubeServices, ChangeWhileTheApiServerIsAway) {
    cluster_.put(kServices, "web", kWeb);
    cluster_.put(kSlices, "web-1", slice(endpoint("10.1.0.1")));
    const auto daemon = cluster_.start_daemon();
    EXPECT_TRUE(becomes("172.21.0.80:80/6", "default/web(10.1.0.1:8080)"));
    cut_off();
    cluster_.put(kSlices, "web-1", slice(endpoint("10.1.0.2")));
    cluster_.put(kServices, "db",
                 R"({"spec": {"clusterIP": "172.21.0.90", "ports": [{"port": 5432}]}})");
    cluster_.server().set_down(false);
    EXPECT_TRUE(becomes("172.21.0.80:80/6", "default/web(10.1.0.2:8080)")) << daemon->log();
    EXPECT_TRUE(becomes("172.21.0.90:5432/6", "default/db()"));
    const auto told = updates();
    EXPECT_EQ(std::count(told.begin(), told.end(), "full"), 1);
}

TEST_F(KubeServices, AreToldWholeToTheModuleOfANewDaemonAndNotBeforeTheyAreKnown) {
    cluster_.put(kServices, "web", kWeb);
    cluster_.put(kSlices, "web-1", slice(endpoint("10.1.0.1")));
    {
        const auto daemon = cluster_.start_daemon();
        EXPECT_TRUE(becomes("172.21.0.80:80/6", "default/web(10.1.0.1:8080)")) << daemon->log();
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    }
    const auto before = updates().size();
    cluster_.drop(kServices, "web");
    cut_off();
    const auto daemon = cluster_.start_daemon();
    EXPECT_EQ(node().ctl({"service", "list"}).exit, 3) << "not all is known";
    EXPECT_EQ(updates().size(), before) << "what is in the kernel stays";
    cluster_.server().set_down(false);
    EXPECT_TRUE(eventually([&] { return updates().size() > before; }, kLimit)) << daemon->log();
    EXPECT_EQ(updates().at(before), "full");
    EXPECT_TRUE(becomes("172.21.0.80:80/6", ""));
}

TEST_F(KubeServices, AreToldAgainToAModuleThatFailed) {
    std::ofstream(fail_file()) << "\n";
    cluster_.put(kServices, "web", kWeb);
    const auto daemon = cluster_.start_daemon();
    EXPECT_TRUE(eventually(
        [&] {
            return daemon->log().find("Services could not be put in force") != std::string::npos;
        },
        kLimit));
    EXPECT_EQ(node().ctl({"service", "list"}).exit, 3) << "the module is behind";
    (void)std::remove(fail_file().c_str());
    EXPECT_TRUE(becomes("172.21.0.80:80/6", "default/web()")) << daemon->log();
    EXPECT_THAT(node().http("/metrics"), HasSubstr("terway_service_failures_total"));
}

TEST_F(KubeServices, AreListedAndExplained) {
    cluster_.put(kServices, "web", kWeb);
    cluster_.put(kSlices, "web-1",
                 slice(endpoint("10.1.0.1", R"(, "nodeName": "node-a")") + "," +
                       endpoint("10.1.0.2", R"(, "conditions": {"ready": false})")));
    const auto daemon = cluster_.start_daemon();
    EXPECT_TRUE(becomes("172.21.0.80:80/6", "default/web(10.1.0.1:8080,10.1.0.2:8080-)"))
        << daemon->log();
    const auto list = node().ctl({"service", "list"});
    EXPECT_EQ(list.exit, 0) << list.out;
    EXPECT_THAT(list.out, HasSubstr("172.21.0.80:80/TCP"));
    EXPECT_THAT(node().ctl({"service", "list", "nowhere"}).out, Not(HasSubstr("172.21.0.80")));
    const auto json = node().ctl_json("service list default").as_object();
    EXPECT_EQ(json.at("left_out"), 0);
    EXPECT_EQ(json.at("services").as_array().size(), 2U);

    for (const auto* what : {"default/web", "172.21.0.80:80/tcp"}) {
        const auto told = node().ctl({"service", "explain", what});
        EXPECT_EQ(told.exit, 0) << told.out << told.err;
        EXPECT_THAT(told.out, HasSubstr("172.21.0.80:80/TCP (cluster IP)"));
        EXPECT_THAT(told.out, HasSubstr("is ready"));
        EXPECT_THAT(told.out, HasSubstr("is not ready; keeps its connections"));
    }
    EXPECT_EQ(node().ctl({"service", "explain", "default/kubernetes"}).exit, 3)
        << "it has no endpoint";
    EXPECT_THAT(node().ctl({"service", "explain", "default/none"}).err,
                HasSubstr("there is no such Service"));
    EXPECT_THAT(node().ctl({"service", "explain", "web"}).err,
                HasSubstr("NAMESPACE/NAME or ADDRESS:PORT/PROTO"));
    EXPECT_EQ(node().ctl({"service", "explain"}).exit, 2);
}

TEST_F(KubeServices, AreClearedAndNotWatchedWhereTheyAreKubeProxys) {
    cluster_.put(kServices, "web", kWeb);
    translate_by("kube-proxy");
    const auto daemon = cluster_.start_daemon();
    EXPECT_TRUE(eventually([&] { return updates().size() == 1; }, kLimit)) << daemon->log();
    EXPECT_EQ(updates().front(), "full");
    EXPECT_TRUE(known().empty());
    EXPECT_THAT(node().ctl({"service", "list"}).err, HasSubstr("kube-proxy's here"));
    cluster_.server().with([](sim::kube::Api& api) {
        for (const auto& entry : api.calls().entries()) {
            EXPECT_EQ(entry.action.find("services"), std::string::npos) << entry.action;
            EXPECT_EQ(entry.action.find("endpointslices"), std::string::npos) << entry.action;
        }
    });
}

TEST_F(KubeServices, AreRefusedWithAPolicyModuleThatKnowsNone) {
    node().settings().chain = "policy = \"picky\"\n";
    cluster_.set_modules("[service]\nby = \"module\"\n");
    const auto daemon = cluster_.launch_daemon();
    EXPECT_EQ(daemon->wait(), 2);
    EXPECT_THAT(daemon->log(), HasSubstr("picky offers no terway.service/1"));
}

}  // namespace
}  // namespace terway::test
