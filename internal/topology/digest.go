package topology

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// Digest is the revision of a topology: equal content gives an equal digest,
// whoever computes it.
func Digest(t wire.Topology) (string, error) {
	t.Revision = ""
	data, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encoding the topology of %s: %w", t.Graph, err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:12]), nil
}
