package wire

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawFrame(t *rapid.T) Frame {
	f := Frame{
		Op: Op(rapid.IntRange(int(OpHello), int(OpCredit)).Draw(t, "op")), Class: ClassCode(rapid.IntRange(0, Classes-1).Draw(t, "class")),
		Outcome: OutcomeCode(rapid.IntRange(0, 2).Draw(t, "outcome")), Region: uint8(rapid.IntRange(0, MaxRegions-1).Draw(t, "region")),
		Miss: rapid.Bool().Draw(t, "miss"), Ahead: rapid.Bool().Draw(t, "ahead"), Late: rapid.Bool().Draw(t, "late"), ID: rapid.Uint64().Draw(t, "id"), Time: rapid.Int64().Draw(t, "time"),
		Request: rapid.Uint64().Draw(t, "request"),
	}
	if f.Op == OpRequest {
		f.Verb = Verb(rapid.IntRange(0, Verbs-1).Draw(t, "verb"))
	} else {
		f.Reason = Reason(rapid.IntRange(0, Reasons-1).Draw(t, "reason"))
	}
	if f.Op == OpAnswer {
		f.Network = rapid.Int64().Draw(t, "network")
	} else {
		f.Key = rapid.Uint64().Draw(t, "key")
	}
	return f
}

func TestFramesComeBackWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frames := rapid.SliceOfN(rapid.Custom(drawFrame), 1, 20).Draw(t, "frames")
		var stream []byte
		for _, f := range frames {
			stream = AppendFrame(stream, f)
		}
		var got []Frame
		for cut := 0; len(stream) > 0; {
			f, _, n, err := DecodeFrame(stream[:cut])
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 { // as if the rest had not arrived yet
				cut++
				continue
			}
			got, stream, cut = append(got, f), stream[n:], 0
		}
		if diff := cmp.Diff(frames, got); diff != "" {
			t.Fatalf("frames (-want +got):\n%s", diff)
		}
	})
}

func TestHelloComesBackWhole(t *testing.T) {
	want := Hello{From: "api-server-2", Promise: 42, AnswerPromises: true}
	stream, err := AppendHello(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	stream, ok := bytes.CutPrefix(stream, []byte(Preface))
	if !ok {
		t.Fatal("no preface")
	}
	f, payload, n, err := DecodeFrame(stream)
	if err != nil || n != len(stream) || f.Op != OpHello {
		t.Fatalf("frame %+v of %d bytes, error %v", f, n, err)
	}
	got, err := DecodeHello(payload)
	if err != nil || got != want {
		t.Errorf("hello %+v, error %v, want %+v", got, err, want)
	}
}

func TestDecodeRefusesWhatIsNoFrame(t *testing.T) {
	good := AppendFrame(nil, Frame{Op: OpRequest})
	broken := func(at int, value byte) []byte {
		b := bytes.Clone(good)
		b[at] = value
		return b
	}
	tests := map[string][]byte{
		"a length of zero":      broken(3, 0),
		"a length of megabytes": broken(0, 1),
		"an operation of zero":  broken(4, 0),
		"an operation to come":  broken(4, 99),
		"a class to come":       broken(5, 4),
		"an outcome to come":    broken(6, 3),
		"a reason to come":      broken(7, 200),
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			if _, _, _, err := DecodeFrame(b); !errors.Is(err, ErrFrame) {
				t.Errorf("error %v, want ErrFrame", err)
			}
		})
	}
}

func FuzzDecodeFrame(f *testing.F) {
	f.Add(AppendFrame(nil, Frame{Op: OpAnswer, Late: true, Time: -1}))
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, payload, n, err := DecodeFrame(b)
		if n < 0 || n > len(b) || len(payload) > maxPayload {
			t.Fatalf("took %d of %d bytes with a payload of %d", n, len(b), len(payload))
		}
		if err == nil && n == FrameSize && !bytes.Equal(AppendFrame(nil, frame), b[:n]) {
			t.Fatalf("%x is not what %+v encodes to", b[:n], frame)
		}
	})
}
