package stub

import (
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
)

// withPeers adds what connections to other instances hold.
func withPeers(m station.Memory, spec graph.Memory, connections int) station.Memory {
	m.Base += int64(connections) * spec.PerPeerBytes
	return m
}

// connected is the number of connections from and to other instances.
func (n *Node) connected() int { return len(n.upstreams) + len(n.callees) }

// countPeers lets the memory follow the connections, where they take any.
func (n *Node) countPeers() {
	if n.station == nil || n.settings.component.Capacity.Memory.PerPeerBytes == 0 || n.connected() == n.connections {
		return
	}
	if err := n.resize(n.settings.component); err != nil {
		n.o.Log.Error("settings kept", "error", err)
	}
}
