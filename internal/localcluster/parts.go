package localcluster

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// part is one supervised process of the control plane.
type part struct {
	name   string
	binary string
	args   []string
	// health is asked until it answers 200; ca names the authority to trust.
	health string
}

// parts lists the processes in the order they start; they stop in the reverse.
func parts(l layout, p ports, binaries string) []part {
	return []part{etcdPart(l, p, binaries), apiServerPart(l, p, binaries), controllerManagerPart(l, p, binaries), schedulerPart(l, p, binaries), prometheusPart(l, p, binaries)}
}

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

func secure(port int, path string) string {
	u := url.URL{Scheme: "https", Host: address(port), Path: path}
	return u.String()
}

// etcdPart keeps its data between starts, without waiting for the disk: what a
// power cut could lose is a rehearsal.
func etcdPart(l layout, p ports, binaries string) part {
	cert, key, ca := certFile(l.pki(), etcdCert), keyFile(l.pki(), etcdCert), certFile(l.pki(), "ca")
	return part{name: "etcd", binary: filepath.Join(binaries, "etcd"), args: []string{
		"--name=local", "--data-dir=" + l.etcd(), "--unsafe-no-fsync", "--log-level=warn",
		"--auto-compaction-mode=periodic", "--auto-compaction-retention=10m", "--quota-backend-bytes=2147483648",
		"--listen-client-urls=" + secure(p.Etcd, ""), "--advertise-client-urls=" + secure(p.Etcd, ""),
		"--cert-file=" + cert, "--key-file=" + key, "--trusted-ca-file=" + ca, "--client-cert-auth",
		"--listen-peer-urls=" + secure(p.EtcdPeer, ""), "--initial-advertise-peer-urls=" + secure(p.EtcdPeer, ""),
		"--initial-cluster=local=" + secure(p.EtcdPeer, ""),
		"--peer-cert-file=" + cert, "--peer-key-file=" + key, "--peer-trusted-ca-file=" + ca, "--peer-client-cert-auth",
	}, health: secure(p.Etcd, "/readyz")}
}

func apiServerPart(l layout, p ports, binaries string) part {
	pki := l.pki()
	return part{name: "kube-apiserver", binary: filepath.Join(binaries, "kube-apiserver"), args: []string{
		"--bind-address=" + loopback, "--advertise-address=" + loopback, "--secure-port=" + strconv.Itoa(p.APIServer),
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16",
		"--etcd-servers=" + secure(p.Etcd, ""), "--etcd-cafile=" + certFile(pki, "ca"),
		"--etcd-certfile=" + certFile(pki, etcdCert), "--etcd-keyfile=" + keyFile(pki, etcdCert),
		"--tls-cert-file=" + certFile(pki, apiServerCert), "--tls-private-key-file=" + keyFile(pki, apiServerCert),
		"--client-ca-file=" + certFile(pki, "ca"),
		"--kubelet-client-certificate=" + certFile(pki, kubeletClient), "--kubelet-client-key=" + keyFile(pki, kubeletClient),
		"--kubelet-certificate-authority=" + certFile(pki, "ca"), "--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + keyFile(pki, signingKey), "--service-account-signing-key-file=" + keyFile(pki, signingKey),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--profiling=false", "--event-ttl=24h", "--shutdown-delay-duration=0s",
	}, health: secure(p.APIServer, "/readyz")}
}

// kinds of controllers that a rehearsal needs.
func controllers() string {
	return strings.Join([]string{
		"garbage-collector-controller", "namespace-controller", "deployment-controller", "replicaset-controller",
		"job-controller", "cronjob-controller", "endpointslice-controller", "serviceaccount-controller",
		"serviceaccount-token-controller", "root-ca-certificate-publisher-controller", "ttl-after-finished-controller",
		"pod-garbage-collector-controller", "node-lifecycle-controller", "statefulset-controller", "daemonset-controller",
		"disruption-controller", "resourcequota-controller", "clusterrole-aggregation-controller",
	}, ",")
}

func controllerManagerPart(l layout, p ports, binaries string) part {
	return part{name: "kube-controller-manager", binary: filepath.Join(binaries, "kube-controller-manager"), args: []string{
		"--kubeconfig=" + l.kubeconfig(managerOfKinds), "--authentication-kubeconfig=" + l.kubeconfig(managerOfKinds), "--authorization-kubeconfig=" + l.kubeconfig(managerOfKinds),
		"--bind-address=" + loopback, "--secure-port=" + strconv.Itoa(p.ControllerManager),
		"--tls-cert-file=" + certFile(l.pki(), apiServerCert), "--tls-private-key-file=" + keyFile(l.pki(), apiServerCert),
		"--controllers=" + controllers(), "--use-service-account-credentials",
		"--service-account-private-key-file=" + keyFile(l.pki(), signingKey), "--root-ca-file=" + certFile(l.pki(), "ca"),
		"--leader-elect=false", "--kube-api-qps=200", "--kube-api-burst=400", "--profiling=false",
		"--node-monitor-period=2s", "--node-monitor-grace-period=20s",
	}, health: secure(p.ControllerManager, "/healthz")}
}

func schedulerPart(l layout, p ports, binaries string) part {
	return part{name: "kube-scheduler", binary: filepath.Join(binaries, "kube-scheduler"), args: []string{
		"--config=" + l.config("scheduler.yaml"), "--bind-address=" + loopback, "--secure-port=" + strconv.Itoa(p.Scheduler),
		"--authentication-kubeconfig=" + l.kubeconfig(schedulerName), "--authorization-kubeconfig=" + l.kubeconfig(schedulerName),
		"--tls-cert-file=" + certFile(l.pki(), apiServerCert), "--tls-private-key-file=" + keyFile(l.pki(), apiServerCert),
	}, health: secure(p.Scheduler, "/healthz")}
}

// schedulerConfig binds pods at once: the process node starts them in milliseconds.
func schedulerConfig(l layout) string {
	return fmt.Sprintf(`apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: %q, qps: 200, burst: 400}
leaderElection: {leaderElect: false}
podInitialBackoffSeconds: 1
podMaxBackoffSeconds: 2
`, l.kubeconfig(schedulerName))
}

func prometheusPart(l layout, p ports, binaries string) part {
	health := url.URL{Scheme: "http", Host: address(p.Prometheus), Path: "/-/ready"}
	return part{name: "prometheus", binary: filepath.Join(binaries, "prometheus"), args: []string{
		"--config.file=" + l.config("prometheus.yaml"), "--storage.tsdb.path=" + l.prometheus(),
		"--storage.tsdb.retention.time=24h", "--storage.tsdb.retention.size=2GB",
		"--web.listen-address=" + address(p.Prometheus), "--scrape.discovery-reload-interval=1s", "--log.level=warn",
	}, health: health.String()}
}

// prometheusConfig scrapes every pod that asks for it, once a second.
func prometheusConfig(l layout) string {
	return fmt.Sprintf(`global:
  scrape_interval: 1s
  scrape_timeout: 900ms
  scrape_native_histograms: true
scrape_configs:
- job_name: flashcrowd
  always_scrape_classic_histograms: true
  kubernetes_sd_configs:
  - role: pod
    kubeconfig_file: %q
  relabel_configs:
  - {source_labels: [__meta_kubernetes_pod_annotation_flashcrowd_io_scrape], regex: "true", action: keep}
  - {source_labels: [__meta_kubernetes_pod_phase], regex: Succeeded|Failed, action: drop}
  - {source_labels: [__meta_kubernetes_pod_container_init], regex: "true", action: drop}
  - source_labels: [__meta_kubernetes_pod_ip, __meta_kubernetes_pod_annotation_flashcrowd_io_port]
    regex: (.+);(.+)
    replacement: $1:$2
    target_label: __address__
  - {source_labels: [__meta_kubernetes_namespace], target_label: namespace}
  - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
  - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name], target_label: app}
  - {source_labels: [__meta_kubernetes_pod_label_flashcrowd_io_graph], target_label: graph}
  - {source_labels: [__meta_kubernetes_pod_label_flashcrowd_io_component], target_label: component}
  - {source_labels: [__meta_kubernetes_pod_label_flashcrowd_io_simulation], target_label: simulation}
`, l.kubeconfig(prometheusName))
}
