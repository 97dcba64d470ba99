package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// Preface opens every connection that carries frames. No HTTP method begins
// like it, so one port serves both.
const Preface = "FCFRAME1"

// Op says what a frame is.
type Op uint8

// The operations.
const (
	// OpHello is the caller's first frame; its payload is a Hello.
	OpHello Op = iota + 1
	// OpRequest asks: Time is the logical arrival.
	OpRequest
	// OpAnswer answers the request of the same ID: Time is the logical finish.
	OpAnswer
	// OpPromise says that every frame of its direction whose time is before Time
	// has been sent, but for requests whose verb is not ordered. With the ID of a
	// request that is answered ahead it says of this one alone that its answer is not
	// before Time.
	OpPromise
	// OpDrain asks the caller to send nothing new.
	OpDrain
	// OpGoodbye says that no request follows on this connection.
	OpGoodbye
	// OpFollow says later what AnswerPromises of a hello says at once.
	OpFollow
	// OpCredit tells a queue how many messages, ID, the worker takes at once, and
	// the Time from which on it takes more than before.
	OpCredit
)

// Verb says what a request asks of a component that keeps things.
type Verb uint8

// The verbs.
const (
	// VerbServe is an ordinary request.
	VerbServe Verb = iota
	// VerbGet asks a cache for its key; the answer says Miss if it is not there.
	VerbGet
	// VerbSet puts the key into a cache, VerbDelete takes it out.
	VerbSet
	VerbDelete
	// VerbReplicate repeats a write of a primary on its replica; its Time is that
	// of the commit.
	VerbReplicate

	// Verbs is their number.
	Verbs = int(VerbReplicate) + 1
)

// Ordered reports whether promises hold for requests of this verb. Others follow
// on answers that nobody waits for, and are taken when they come if their time
// has passed.
func (v Verb) Ordered() bool { return v == VerbServe || v == VerbGet }

// MaxRegions bounds the regions of clients: frames number them.
const MaxRegions = 32

// Frame is one message between our processes. Of every frame Op, ID and Time
// count; the other fields are those of requests or of answers.
type Frame struct {
	Op    Op
	Class ClassCode
	// Region of the client that a request comes from, below MaxRegions.
	Region uint8
	// Verb of a request.
	Verb Verb
	// Outcome and Reason of an answer.
	Outcome OutcomeCode
	Reason  Reason
	// Miss says of an answer that the key was not there.
	Miss bool
	// Ahead asks of a request to answer it as soon as the time of its answer is
	// known, though that lies ahead: the caller can go no further without.
	Ahead bool
	// Late says that some station took the request too late for its logical time.
	Late bool
	// ID matches an answer with its request, per connection.
	ID uint64
	// Time is logical, in nanoseconds since the Unix epoch.
	Time int64
	// Key that a request asks for.
	Key uint64
	// Network is how much of an answer's time, in nanoseconds, went on ways
	// between regions.
	Network int64
	// Request is the request's number in the run, which keys its random draws.
	Request uint64
}

// FrameSize is the size of a frame without payload, which is every frame but a
// hello, its length included:
//
//	0      4   5      6        7       8   16    24       32       40
//	length op  class  outcome  reason  id  time  key      request
//	                           verb              network
//
// The highest bit of outcome is Late, the next ones Miss and Ahead; the five high
// bits of class are the region. Where two share a place, the lower is that of answers
// (network) or of requests (verb). Integers are big endian.
const FrameSize = 40

// maxPayload bounds what follows a frame; only a hello has a payload.
const maxPayload = 4096

const (
	lateBit     = 0x80
	missBit     = 0x40
	aheadBit    = 0x20
	regionShift = 3
	classMask   = 1<<regionShift - 1
)

// AppendFrame appends the encoding of f.
func AppendFrame(b []byte, f Frame) []byte { return appendFrame(b, f, 0) }

func appendFrame(b []byte, f Frame, payload int) []byte {
	outcome, seventh, third := byte(f.Outcome), byte(f.Reason), f.Key
	if f.Late {
		outcome |= lateBit
	}
	if f.Miss {
		outcome |= missBit
	}
	if f.Ahead {
		outcome |= aheadBit
	}
	switch f.Op {
	case OpRequest:
		seventh = byte(f.Verb)
	case OpAnswer:
		third = uint64(f.Network)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(FrameSize+payload))
	b = append(b, byte(f.Op), byte(f.Class)|f.Region<<regionShift, outcome, seventh)
	b = binary.BigEndian.AppendUint64(b, f.ID)
	b = binary.BigEndian.AppendUint64(b, uint64(f.Time))
	b = binary.BigEndian.AppendUint64(b, third)
	return binary.BigEndian.AppendUint64(b, f.Request)
}

// Hello introduces a caller.
type Hello struct {
	// From is the caller's instance, or the generator's.
	From string `json:"from"`
	// Promise is the logical time before which the caller sends nothing.
	Promise int64 `json:"promise"`
	// AnswerPromises asks for promises about answers too: the caller makes further
	// calls at the times of answers.
	AnswerPromises bool `json:"answerPromises,omitempty"`
}

// AppendHello appends the preface and the hello of a caller.
func AppendHello(b []byte, h Hello) ([]byte, error) {
	payload, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encoding a hello: %w", err)
	}
	if len(payload) > maxPayload {
		return nil, errors.New("a hello is too long: shorten the instance's name")
	}
	b = append(b, Preface...)
	b = appendFrame(b, Frame{Op: OpHello, Time: h.Promise}, len(payload))
	return append(b, payload...), nil
}

// ErrFrame says that what came is not a frame.
var ErrFrame = errors.New("not a frame")

// DecodeFrame reads the first frame of b. n is how many bytes it took; 0 without
// an error means that more bytes are needed. payload lies in b.
func DecodeFrame(b []byte) (f Frame, payload []byte, n int, err error) {
	if len(b) < 4 {
		return Frame{}, nil, 0, nil
	}
	length := binary.BigEndian.Uint32(b)
	if length < FrameSize || length > FrameSize+maxPayload {
		return Frame{}, nil, 0, fmt.Errorf("%w: a length of %d", ErrFrame, length)
	}
	if len(b) < int(length) {
		return Frame{}, nil, 0, nil
	}
	f = Frame{
		Op: Op(b[4]), Class: ClassCode(b[5] & classMask), Region: b[5] >> regionShift,
		Outcome: OutcomeCode(b[6] &^ (lateBit | missBit | aheadBit)), Late: b[6]&lateBit != 0, Miss: b[6]&missBit != 0, Ahead: b[6]&aheadBit != 0,
		ID: binary.BigEndian.Uint64(b[8:]), Time: int64(binary.BigEndian.Uint64(b[16:])),
		Request: binary.BigEndian.Uint64(b[32:]),
	}
	if f.Op == OpRequest {
		f.Verb = Verb(b[7])
	} else {
		f.Reason = Reason(b[7])
	}
	if third := binary.BigEndian.Uint64(b[24:]); f.Op == OpAnswer {
		f.Network = int64(third)
	} else {
		f.Key = third
	}
	return f, b[FrameSize:length], int(length), f.validate()
}

// validate refuses values that this version does not know.
func (f Frame) validate() error {
	switch {
	case f.Op < OpHello || f.Op > OpCredit:
		return fmt.Errorf("%w: operation %d", ErrFrame, f.Op)
	case int(f.Class) >= Classes:
		return fmt.Errorf("%w: class %d", ErrFrame, f.Class)
	case int(f.Outcome) >= len(outcomeNames):
		return fmt.Errorf("%w: outcome %d", ErrFrame, f.Outcome)
	case int(f.Verb) >= Verbs:
		return fmt.Errorf("%w: verb %d", ErrFrame, f.Verb)
	case int(f.Reason) >= len(reasonNames):
		return fmt.Errorf("%w: reason %d", ErrFrame, f.Reason)
	}
	return nil
}

// DecodeHello reads the payload of a hello.
func DecodeHello(payload []byte) (Hello, error) {
	var h Hello
	if err := json.Unmarshal(payload, &h); err != nil {
		return Hello{}, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	return h, nil
}
