#include "daemon/cloud_access.hpp"

#include <chrono>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using std::chrono::seconds;

// With something remembered nobody needs to wait long for the same answer.
constexpr seconds kShortTime{3};
constexpr seconds kLongTime{120};

cloud::Patience patience(bool something_remembered, const std::stop_token& stop = {}) {
    return {stop, after(something_remembered ? kShortTime : kLongTime), {}};
}

}  // namespace

cloud::Settings cloud_settings(const profile::Cloud& from, const std::string& region) {
    cloud::Settings to;
    to.region = region;
    to.signature = from.signature == profile::SignatureVersion::V1 ? cloud::Signature::V1
                                                                   : cloud::Signature::V3;
    to.network = from.network;
    to.ecs_endpoint = from.ecs_endpoint;
    to.vpc_endpoint = from.vpc_endpoint;
    to.sts_endpoint = from.sts_endpoint;
    to.ca_file = from.ca_file;
    to.call_timeout = from.call_timeout;
    to.credentials_file = from.credentials_file;
    to.role = from.role;
    to.oidc_role_arn = from.oidc_role_arn;
    to.oidc_provider_arn = from.oidc_provider_arn;
    to.oidc_token_file = from.oidc_token_file;
    switch (from.credentials) {
        case profile::CredentialSource::Auto:
            to.credentials = cloud::CredentialKind::Auto;
            break;
        case profile::CredentialSource::File:
            to.credentials = cloud::CredentialKind::File;
            break;
        case profile::CredentialSource::Role:
            to.credentials = cloud::CredentialKind::Role;
            break;
        case profile::CredentialSource::Oidc:
            to.credentials = cloud::CredentialKind::Oidc;
            break;
    }
    return to;
}

CloudAccess::CloudAccess(const profile::Cloud& settings, store::Store& store, Metrics& metrics,
                         const std::stop_token& stop)
    : settings_(settings),
      store_(store),
      calls_(&metrics),
      metadata_(settings.metadata),
      instance_(find_instance(stop)),
      api_(cloud::make_cloud(cloud_settings(settings, instance_.region), metadata_, calls_)) {}

cloud::InstanceFacts CloudAccess::find_instance(const std::stop_token& stop) {
    const auto remembered = remembered_node(store_, settings_.instance);
    log::info("asking the metadata service what instance this is", {{"url", settings_.metadata}});
    try {
        return learn_instance(settings_, metadata_, patience(remembered.has_value(), stop));
    } catch (const Error& error) {
        if (!remembered) {
            throw;
        }
        log::warning("going on with what was known of this instance", {{"reason", error.what()}});
        return remembered->instance;
    }
}

NodeFacts CloudAccess::node() {
    auto remembered = remembered_node(store_, instance_.instance);
    log::info("asking the cloud about this instance", {{"instance", instance_.instance}});
    try {
        auto facts = learn_node(settings_, instance_, *api_, patience(remembered.has_value()));
        remember_node(store_, facts);
        return facts;
    } catch (const Error& error) {
        if (!remembered) {
            throw;
        }
        log::warning("going on with what was known before", {{"reason", error.what()}});
        // The operator may have changed these meanwhile.
        if (!settings_.vswitches.empty()) {
            remembered->vswitches = settings_.vswitches;
        }
        if (!settings_.security_groups.empty()) {
            remembered->security_groups = settings_.security_groups;
        }
        return *std::move(remembered);
    }
}

}  // namespace terway::daemon
