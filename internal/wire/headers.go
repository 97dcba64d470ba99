package wire

// Headers of the HTTP face of stubs. Those of requests are optional: a request
// without them arrives when it comes, as a read or a write of its path.
const (
	// HeaderClass is the traffic class by its name in the API.
	HeaderClass = "X-Flashcrowd-Class"
	// HeaderKey is the number of the key that is asked for; the path's digest else.
	HeaderKey = "X-Flashcrowd-Key"
	// HeaderTime is the logical arrival, in nanoseconds since the Unix epoch. A
	// request without it arrives when it comes.
	HeaderTime = "X-Flashcrowd-Time"
	// HeaderRequest is the request's number in the run, which keys its draws.
	HeaderRequest = "X-Flashcrowd-Request"
	// HeaderBehind is by how many nanoseconds the caller runs behind the wall clock:
	// it holds back itself, so that its callee must wait as much longer.
	HeaderBehind = "X-Flashcrowd-Behind"
	// HeaderRegion is the number of the client's region.
	HeaderRegion = "X-Flashcrowd-Region"
	// HeaderVerb is what is asked of a component that keeps things, by the names of
	// the verbs; without it a cache takes GET, PUT and DELETE for what they say.
	HeaderVerb = "X-Flashcrowd-Verb"
	// HeaderArrival and HeaderFinish of an answer are logical times.
	HeaderArrival = "X-Flashcrowd-Arrival"
	HeaderFinish  = "X-Flashcrowd-Finish"
	// HeaderComponent and HeaderInstance say who answered.
	HeaderComponent = "X-Flashcrowd-Component"
	HeaderInstance  = "X-Flashcrowd-Instance"
	// HeaderReason says why a request failed, as the label reason does.
	HeaderReason = "X-Flashcrowd-Reason"
	// HeaderDraining of an answer asks the caller to send nothing new.
	HeaderDraining = "X-Flashcrowd-Draining"
	// HeaderLate is set when some station took the request after its time; as a
	// request's header it says so of stations before.
	HeaderLate = "X-Flashcrowd-Late"
	// HeaderMiss is set with status 404 when a cache does not have the key.
	HeaderMiss = "X-Flashcrowd-Miss"
	// HeaderNetwork of an answer is how many nanoseconds went on ways between regions.
	HeaderNetwork = "X-Flashcrowd-Network"
)
