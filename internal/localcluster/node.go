package localcluster

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"

	"flashcrowd.io/flashcrowd/internal/localcluster/node"
)

// podAddresses is where pods get their loopback addresses from: one range for
// each cluster of this machine, chosen by its API server's port.
func podAddresses(p ports) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{127, byte(64 + p.APIServer%128), 0, 0}), 16)
}

// images are what the images of our own stand for; any other is refused.
func images(binaries string) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"manager", "dashboard", "stub", "loadgen"} {
		out["flashcrowd/"+name] = filepath.Join(binaries, name)
	}
	return out
}

// runNode runs the process node until ctx ends.
func (s *Supervisor) runNode(ctx context.Context, l layout, p ports) error {
	config, err := clientcmd.BuildConfigFromFlags("", l.kubeconfig(nodeCert))
	if err != nil {
		return fmt.Errorf("reading the node's kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 200, 400
	return node.Run(ctx, node.Options{
		Config: config, Name: NodeName, Dir: l.node(), Images: images(s.Binaries), Addresses: podAddresses(p),
		Port: p.Node, CertFile: certFile(l.pki(), nodeCert), KeyFile: keyFile(l.pki(), nodeCert), ClientCAFile: certFile(l.pki(), "ca"),
		Log: s.Log,
	})
}
