package localcluster

import (
	"fmt"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	loopback  = "127.0.0.1"
	adminName = "admin"
	// NodeName is the process node's name in the cluster.
	NodeName = "local"

	apiServerCert  = "apiserver"
	kubeletClient  = "apiserver-kubelet-client"
	etcdCert       = "etcd"
	nodeCert       = "node"
	managerOfKinds = "controller-manager"
	schedulerName  = "scheduler"
	prometheusName = "prometheus"
)

// identities of the cluster by file name; the manager and the dashboard are not
// here: they are pods with service accounts of their own.
func identities() map[string]identity {
	return map[string]identity{
		adminName:      {name: "flashcrowd-admin", organizations: []string{"system:masters"}},
		managerOfKinds: {name: "system:kube-controller-manager"},
		schedulerName:  {name: "system:kube-scheduler"},
		prometheusName: {name: "flashcrowd:prometheus"},
		nodeCert:       {name: "system:node:" + NodeName, organizations: []string{"system:nodes"}, hosts: []string{loopback, "localhost", NodeName}},
		kubeletClient:  {name: "kube-apiserver-kubelet-client", organizations: []string{"system:masters"}},
		etcdCert:       {name: "etcd", hosts: []string{loopback, "localhost"}},
		apiServerCert: {name: "kube-apiserver", hosts: []string{
			loopback, "localhost", "10.96.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		}},
	}
}

// withKubeconfig are the identities that call the API server.
var withKubeconfig = []string{adminName, managerOfKinds, schedulerName, prometheusName, nodeCert}

// prepareIdentities makes every certificate and kubeconfig of this start.
func (l layout) prepareIdentities(apiServer string, now time.Time) error {
	ca, err := loadAuthority(l.pki(), now)
	if err != nil {
		return err
	}
	if err := ensureSigningKey(l.pki(), now); err != nil {
		return err
	}
	pairs := map[string]keyPair{}
	for file, who := range identities() {
		if pairs[file], err = ca.issue(who, now); err != nil {
			return err
		}
		if err := pairs[file].write(l.pki(), file); err != nil {
			return err
		}
	}
	for _, name := range withKubeconfig {
		if err := writeKubeconfig(l.kubeconfig(name), apiServer, ca.pair.cert, pairs[name]); err != nil {
			return err
		}
	}
	return nil
}

// writeKubeconfig writes a file any kubectl accepts, with all it needs inside.
func writeKubeconfig(path, apiServer string, ca []byte, pair keyPair) error {
	const name = "flashcrowd-local"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: apiServer, CertificateAuthorityData: ca}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: pair.cert, ClientKeyData: pair.key}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: "default"}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
