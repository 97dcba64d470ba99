package wire

import "fmt"

// Columns are the metrics of ticks, measured over a window of so many seconds,
// in the order they are shown.
func Columns(windowSeconds int) []Column {
	over := func(text string) string { return fmt.Sprintf("%s, over the last %d s", text, windowSeconds) }
	return []Column{
		{ColumnCPU, "CPU", "%", SourceMeasured, over("busy core-seconds by the cores there are")},
		{ColumnMemory, "Memory", "%", SourceMeasured, over("memory in use by its limit, on average")},
		{ColumnRequestRate, "Requests", "req/s", SourceMeasured, over("requests that arrived")},
		{ColumnLatency, "Latency", "ms", SourceMeasured, over("mean time from arrival to answer, calls downstream included; of a database its own time")},
		{ColumnLatencyP95, "p95", "ms", SourceMeasured, over("what 95 in 100 requests stay below, calls downstream included")},
		{ColumnErrorRate, "Errors", "%", SourceMeasured, over("requests that failed or were dropped, of all that ended")},
		{ColumnQueueDepth, "Queue", "", SourceMeasured, over("requests that wait for a core, on average; of a component the sum of its instances")},
		{ColumnInFlight, "In flight", "", SourceMeasured, over("requests in the instance, on average; of a component the sum of its instances")},
		{ColumnConnections, "Connections", "%", SourceMeasured, over("connections in use by the size of the pool, on average")},
	}
}
