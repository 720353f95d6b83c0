#include "kube_pods.hpp"

#include <cstdio>
#include <string_view>

namespace terway::bench {
namespace {

constexpr unsigned kPodsOfOneApp = 10;
constexpr unsigned kNamespaces = 5'000;
constexpr unsigned kNodes = 1'000;

std::string uid(unsigned kind, unsigned number) {
    char text[40];
    std::snprintf(text, sizeof text, "%08x-0000-4000-8000-%012x", kind, number);
    return text;
}

// Each <name> is replaced by what `value` says of it.
template <class Value>
std::string filled(std::string_view form, Value value) {
    std::string out;
    while (!form.empty()) {
        const auto open = form.find('<');
        out += form.substr(0, open);
        if (open == std::string_view::npos) {
            break;
        }
        const auto close = form.find('>', open);
        out += value(form.substr(open + 1, close - open - 1));
        form.remove_prefix(close + 1);
    }
    return out;
}

constexpr std::string_view kPod =
    R"({"metadata":{"name":"<pod>","generateName":"<set>-","namespace":"<space>","uid":"<uid>",)"
    R"("resourceVersion":"<version>","creationTimestamp":"2024-05-01T12:00:00Z","labels":{)"
    R"("app.kubernetes.io/name":"<app>","app.kubernetes.io/component":"backend",)"
    R"("app.kubernetes.io/managed-by":"Helm","pod-template-hash":"<hash>","version":"v1.2.3"},)"
    R"("annotations":{"k8s.aliyun.com/pod-ips":"<ip>","kubernetes.io/psp":"restricted",)"
    R"("prometheus.io/scrape":"true","checksum/config":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e"},)"
    R"("ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"<set>","uid":"<uid>",)"
    R"("controller":true,"blockOwnerDeletion":true}],"managedFields":[{"manager":"kube-controller-manager",)"
    R"("operation":"Update","apiVersion":"v1","time":"2024-05-01T12:00:00Z","fieldsType":"FieldsV1",)"
    R"("fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:checksum/config":{},"f:prometheus.io/scrape":{}},)"
    R"("f:generateName":{},"f:labels":{".":{},"f:app.kubernetes.io/component":{},"f:pod-template-hash":{}},)"
    R"("f:ownerReferences":{".":{},"k:{\"uid\":\"<uid>\"}":{}}},"f:spec":{"f:affinity":{},"f:containers":)"
    R"({"k:{\"name\":\"main\"}":{".":{},"f:env":{".":{},"k:{\"name\":\"MODE\"}":{".":{},"f:name":{},"f:value":{}}},)"
    R"("f:image":{},"f:imagePullPolicy":{},"f:livenessProbe":{".":{},"f:failureThreshold":{},"f:httpGet":)"
    R"({".":{},"f:path":{},"f:port":{},"f:scheme":{}},"f:periodSeconds":{}},"f:name":{},"f:ports":{".":{},)"
    R"("k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{}}},)"
    R"("f:resources":{".":{},"f:limits":{".":{},"f:cpu":{},"f:memory":{}}},"f:volumeMounts":{}}},)"
    R"("f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{}}}},)"
    R"({"manager":"kubelet","operation":"Update","subresource":"status","fieldsV1":{"f:status":{"f:conditions":)"
    R"({"k:{\"type\":\"Ready\"}":{".":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}}},"f:hostIP":{},)"
    R"("f:phase":{},"f:podIP":{},"f:podIPs":{},"f:startTime":{}}}}]},"spec":{"volumes":[{"name":"config",)"
    R"("configMap":{"name":"<app>-config","defaultMode":420}},{"name":"kube-api-access-x2x4z","projected":)"
    R"({"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":)"
    R"("kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}}],"defaultMode":420}}],"containers":)"
    R"([{"name":"main","image":"registry.example.com/<space>/<app>:v1.2.3@sha256:)"
    R"(9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","args":["--listen=:8080","--mode=server"],)"
    R"("ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},{"name":"metrics","containerPort":9090,)"
    R"("protocol":"TCP"}],"env":[{"name":"MODE","value":"production"},{"name":"POD_IP","valueFrom":{"fieldRef":)"
    R"({"apiVersion":"v1","fieldPath":"status.podIP"}}}],"resources":{"limits":{"cpu":"2","memory":"4Gi"},)"
    R"("requests":{"cpu":"500m","memory":"1Gi"}},"volumeMounts":[{"name":"config","mountPath":"/etc/app"}],)"
    R"("livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},"periodSeconds":10},)"
    R"("terminationMessagePath":"/dev/termination-log","imagePullPolicy":"IfNotPresent"}],)"
    R"("restartPolicy":"Always","dnsPolicy":"ClusterFirst","serviceAccountName":"default","nodeName":"<node>",)"
    R"("tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute"}]},)"
    R"("status":{"phase":"Running","conditions":[{"type":"Initialized","status":"True","lastProbeTime":null,)"
    R"("lastTransitionTime":"2024-05-01T12:00:00Z"},{"type":"Ready","status":"True","lastProbeTime":null},)"
    R"({"type":"ContainersReady","status":"True"},{"type":"PodScheduled","status":"True"}],"hostIP":)"
    R"("192.168.0.10","podIP":"<ip>","podIPs":[{"ip":"<ip>"}],"startTime":"2024-05-01T12:00:00Z",)"
    R"("containerStatuses":[{"name":"main","state":{"running":{"startedAt":"2024-05-01T12:00:05Z"}},"ready":true,)"
    R"("restartCount":0,"image":"registry.example.com/<space>/<app>:v1.2.3","imageID":"registry.example.com/)"
    R"(<app>@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","containerID":)"
    R"("containerd://2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae","started":true}],)"
    R"("qosClass":"Burstable"}})";

constexpr std::string_view kNamespace =
    R"({"metadata":{"name":"<space>","uid":"<uid>","resourceVersion":"<version>","labels":)"
    R"({"kubernetes.io/metadata.name":"<space>","team":"<team>"},"annotations":{"owner":"someone"},)"
    R"("managedFields":[{"manager":"kubectl","operation":"Update","fieldsV1":{"f:metadata":{"f:labels":{}}}}]},)"
    R"("spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}})";

}  // namespace

std::string pod_text(unsigned number) {
    const auto app = number / kPodsOfOneApp;
    const auto name = "service-" + std::to_string(app);
    const auto hash = std::to_string(1'000'000'000U + app * 7919U);
    return filled(kPod, [&](std::string_view what) -> std::string {
        if (what == "pod") {
            return name + "-" + hash + "-x" + std::to_string(number % kPodsOfOneApp) + "z4k";
        }
        if (what == "set") {
            return name + "-" + hash;
        }
        if (what == "hash") {
            return hash;
        }
        if (what == "app") {
            return name;
        }
        if (what == "space") {
            return "namespace-" + std::to_string(app % kNamespaces);
        }
        if (what == "uid") {
            return uid(1, number);
        }
        if (what == "node") {
            return "cn-hangzhou.192.168.1." + std::to_string(number % kNodes);
        }
        if (what == "ip") {
            return "10." + std::to_string(number >> 16U & 255U) + "." +
                   std::to_string(number >> 8U & 255U) + "." + std::to_string(number & 255U);
        }
        return std::to_string(900'000 + number);
    });
}

std::string namespace_text(unsigned number) {
    return filled(kNamespace, [&](std::string_view what) -> std::string {
        if (what == "space") {
            return "namespace-" + std::to_string(number);
        }
        if (what == "uid") {
            return uid(2, number);
        }
        return what == "team" ? "team-" + std::to_string(number % 100) : std::to_string(number + 1);
    });
}

}  // namespace terway::bench
