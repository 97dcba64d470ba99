package wire

// The topology stream: GET TopologyPath on any manager replica answers with
// newline-delimited JSON, one whole Topology a line, the newest first and then
// one for every change; an empty line is a heartbeat. The caller authenticates
// with a projected service-account token of audience TopologyAudience.
const (
	TopologyPath     = "/v1alpha1/topology"
	TopologyAudience = "flashcrowd.io/topology"
	// TopologyPort is where every manager replica serves the stream.
	TopologyPort = 8090
	// DataPort is where stubs answer requests, frames and HTTP/1.1 alike.
	DataPort = 8080
	// MetricsPort is where stubs and generators serve /metrics, /readyz and /livez.
	MetricsPort = 9090
	// TokenPath is where the token is mounted in stub and generator pods.
	TokenPath = "/var/run/secrets/flashcrowd.io/token" //nolint:gosec // a path, not a credential
)

// Environment variables of stub and generator pods.
const (
	EnvGraph      = "FLASHCROWD_GRAPH"      // namespace/name of the graph
	EnvComponent  = "FLASHCROWD_COMPONENT"  // component of a stub
	EnvInstance   = "FLASHCROWD_INSTANCE"   // pod name, the key of the instance in the stream
	EnvSimulation = "FLASHCROWD_SIMULATION" // namespace/name of a generator's run
	EnvIndex      = "FLASHCROWD_INDEX"      // index of a generator
	EnvTopology   = "FLASHCROWD_TOPOLOGY"   // host:port of the topology service
	EnvPodIP      = "POD_IP"
)

// Labels and annotations of the objects that the controllers make.
const (
	LabelGraph      = "flashcrowd.io/graph"
	LabelComponent  = "flashcrowd.io/component"
	LabelInstance   = "flashcrowd.io/instance"
	LabelSimulation = "flashcrowd.io/simulation"
	LabelRun        = "flashcrowd.io/run" // UID of a simulation: one of the same name is another run

	AnnotationScrape = "flashcrowd.io/scrape"
	AnnotationPort   = "flashcrowd.io/port"
)
