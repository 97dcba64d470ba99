package wire

// Names of the metrics that stubs expose. The scraper adds the labels
// namespace, pod, graph, component and instance_id from the pod.
// Times are logical unless the name says wall.
const (
	ComponentInfo          = "flashcrowd_component_info"                       // gauge 1 {type,replica}
	ComponentCores         = "flashcrowd_component_cores"                      // gauge
	ComponentBusySeconds   = "flashcrowd_component_busy_seconds_total"         // counter, core-seconds
	ComponentArrivals      = "flashcrowd_component_arrivals_total"             // counter {class}
	ComponentRequests      = "flashcrowd_component_requests_total"             // counter {class,outcome,reason}
	ComponentDuration      = "flashcrowd_component_request_duration_seconds"   // histogram {class}, downstream included
	ComponentOwnDuration   = "flashcrowd_component_own_duration_seconds"       // histogram {class}, waiting and service here
	ComponentWallDuration  = "flashcrowd_component_wall_duration_seconds"      // histogram
	ComponentQueueDepth    = "flashcrowd_component_queue_depth"                // gauge
	ComponentInFlight      = "flashcrowd_component_in_flight"                  // gauge
	ComponentConnections   = "flashcrowd_component_connections"                // gauge, in use
	ComponentConnLimit     = "flashcrowd_component_connection_limit"           // gauge, 0 = unbounded
	ComponentMemoryBytes   = "flashcrowd_component_memory_bytes"               // gauge
	ComponentMemoryLimit   = "flashcrowd_component_memory_limit_bytes"         // gauge
	ComponentCalls         = "flashcrowd_component_calls_total"                // counter {target,outcome}
	ComponentTimeouts      = "flashcrowd_component_call_timeouts_total"        // counter {target}
	ComponentPoolWaits     = "flashcrowd_component_pool_waits_total"           // counter {target}
	ComponentPoolWaiting   = "flashcrowd_component_pool_wait_seconds_total"    // counter {target}
	ComponentRetries       = "flashcrowd_component_retries_total"              // counter {target}
	ComponentLateArrivals  = "flashcrowd_component_late_arrivals_total"        // counter
	ComponentDrainingState = "flashcrowd_component_draining"                   // gauge 0/1
	ComponentTopologyAge   = "flashcrowd_component_topology_last_seen_seconds" // gauge, wall seconds since the stream spoke
)

// Names of the metrics that stubs of some types expose.
const (
	ComponentCacheLookups   = "flashcrowd_component_cache_lookups_total"     // counter {outcome}: hit, miss; caches and CDNs
	ComponentCacheEntries   = "flashcrowd_component_cache_entries"           // gauge; caches and CDNs
	ComponentCacheEvictions = "flashcrowd_component_cache_evictions_total"   // counter; caches and CDNs
	ComponentReplicationLag = "flashcrowd_component_replication_lag_seconds" // histogram, applied minus committed; read replicas
	ComponentEjected        = "flashcrowd_component_ejected_instances"       // gauge; load balancers

	// Of message queues alone.
	ComponentUnacknowledged = "flashcrowd_component_unacknowledged_messages"      // gauge, delivered and not acknowledged
	ComponentOldestMessage  = "flashcrowd_component_oldest_message_age_seconds"   // gauge, of those that wait; 0 if none does
	ComponentMessageLag     = "flashcrowd_component_message_lag_seconds"          // histogram, published to acknowledged
	ComponentAcknowledged   = "flashcrowd_component_messages_acknowledged_total"  // counter
	ComponentRedelivered    = "flashcrowd_component_messages_redelivered_total"   // counter
	ComponentDeadLettered   = "flashcrowd_component_messages_dead_lettered_total" // counter
)

// Names of the metrics that generators expose; the scraper adds namespace, pod,
// graph and simulation.
const (
	LoadgenOffered      = "flashcrowd_loadgen_requests_offered_total"     // counter {class}
	LoadgenRequests     = "flashcrowd_loadgen_requests_total"             // counter {class,outcome,reason}
	LoadgenDuration     = "flashcrowd_loadgen_request_duration_seconds"   // histogram {class}, from the intended time
	LoadgenWallDuration = "flashcrowd_loadgen_wall_duration_seconds"      // histogram, from the intended time
	LoadgenLag          = "flashcrowd_loadgen_lag_seconds"                // histogram, wall: sent minus intended
	LoadgenTargetRate   = "flashcrowd_loadgen_target_requests_per_second" // gauge, of the whole plan
	LoadgenInFlight     = "flashcrowd_loadgen_in_flight"                  // gauge
	LoadgenElapsed      = "flashcrowd_loadgen_plan_elapsed_seconds"       // gauge
	LoadgenFinished     = "flashcrowd_loadgen_plan_finished"              // gauge 0/1
	LoadgenShares       = "flashcrowd_loadgen_plan_shares"                // gauge, shares played by this generator
	LoadgenLateAnswers  = "flashcrowd_loadgen_late_answers_total"         // counter, answers whose path was late somewhere
	LoadgenNetwork      = "flashcrowd_loadgen_network_seconds"            // histogram {region}, of answered requests
	LoadgenTopologyAge  = "flashcrowd_loadgen_topology_last_seen_seconds" // gauge
)

// Outcomes of a lookup in a cache, values of its label outcome.
const (
	OutcomeHit  = "hit"
	OutcomeMiss = "miss"
)

// Outcomes of a request, values of the label outcome.
const (
	OutcomeAnswered = "answered"
	OutcomeFailed   = "failed"
	OutcomeDropped  = "dropped"
)
