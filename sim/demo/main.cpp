// terway-demo: plays on a small VPC in network namespaces, told step by step.
#include <signal.h>
#include <unistd.h>

#include <boost/program_options.hpp>
#include <iostream>
#include <map>
#include <string>

#include "sim/demo/scenes.hpp"
#include "sim/demo/story.hpp"
#include "terway/error.hpp"

namespace terway::sim::demo {
namespace {

namespace po = boost::program_options;

constexpr const char* kUsage =
    "terway-demo [SCENE]: plays on a small VPC in network namespaces\n"
    "\n"
    "  kubernetes     a small cluster: kubectl applies, and terwayd gives pods their network (the\n"
    "                 default)\n"
    "  vpc-route      two nodes with pod CIDRs: pods come, talk and go\n"
    "  secondary-ip   the same on ENIs, with a cloud that throttles, fails and goes away\n"
    "  ipvlan         pods that are slaves of their ENIs; without ipvlan in the kernel, the "
    "fallback\n"
    "  eni-exclusive  pods with a whole ENI, alone on a node and beside pods of VPC route mode\n"
    "  bandwidth      limits of running pods, set, changed and removed, and what becomes of a "
    "stream\n"
    "  policy         a NetworkPolicy, with kubectl: who has the label gets through, who has not "
    "is "
    "denied\n"
    "\n";

using Scene = void (*)(Story&);
const std::map<std::string, Scene> kScenes{
    {"vpc-route", vpc_route},   {"secondary-ip", secondary_ip},
    {"ipvlan", ipvlan},         {"eni-exclusive", eni_exclusive},
    {"kubernetes", kubernetes}, {"bandwidth", bandwidth},
    {"policy", policy}};

int run_demo(int argc, char** argv) {
    po::options_description options("Options");
    auto add = options.add_options();
    add("scene", po::value<std::string>()->default_value("kubernetes"), "which play");
    add("json", "one JSON document instead of the narration");
    add("help,h", "print this");
    po::positional_options_description positional;
    positional.add("scene", 1);
    po::variables_map given;
    po::store(po::command_line_parser(argc, argv).options(options).positional(positional).run(),
              given);
    if (given.count("help") != 0) {
        std::cout << kUsage << options;
        return 0;
    }
    const auto scene = kScenes.find(given["scene"].as<std::string>());
    if (scene == kScenes.end()) {
        std::cerr << "terway-demo: there is no scene \"" << given["scene"].as<std::string>()
                  << "\"\n"
                  << kUsage;
        return 2;
    }
    if (::geteuid() != 0) {
        throw Error(Status::Invalid, "needs root: it makes network namespaces");
    }
    Story story(given.count("json") != 0);
    try {
        scene->second(story);
    } catch (const std::exception& error) {
        story.step("the play goes on",
                   [&]() -> std::string { throw Error(Status::Internal, error.what()); });
    }
    return story.finish() ? 0 : 1;
}

}  // namespace
}  // namespace terway::sim::demo

int main(int argc, char** argv) {
    (void)::signal(SIGPIPE, SIG_IGN);
    try {
        return terway::sim::demo::run_demo(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "terway-demo: " << error.what() << "\n";
        return 2;
    }
}
