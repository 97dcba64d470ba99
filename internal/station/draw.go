package station

// PPM is a share in parts per million.
type PPM int32

// Always is the share of everything.
const Always PPM = 1_000_000

// Includes says whether a uniform draw u in [0, 1) falls into the share: true
// with probability p/1,000,000 exactly (to the 53 bits of u).
func (p PPM) Includes(u float64) bool { return u*float64(Always) < float64(p) }

// Purpose separates the draws of one component that must be independent.
type Purpose uint32

// The purposes.
const (
	ForService Purpose = iota + 1 // service time
	ForError                      // whether the request fails by itself
	ForCall                       // whether a call is made
	ForRoute                      // which instance a call goes to
	ForArrival                    // inter-arrival times
	ForClass                      // traffic class
	ForKey                        // key
	ForRegion                     // client region
)

// Stream is a sequence of independent uniform draws that is a pure function of
// its key and an index. The index is the request's number, so that the same
// request draws the same everywhere: live, in the oracle of a test and on a
// virtual clock, in any order and on any number of threads.
//
// It is Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC'11), which passes BigCrush: the key is
// derived from seed and component, the 128-bit counter is the request (64 bits),
// the purpose and a sub-counter (32 bits each).
type Stream struct {
	key     key
	purpose Purpose
}

// NewStream is the stream of a purpose in a component of a run.
func NewStream(seed uint64, component string, purpose Purpose) Stream {
	name := fnv1a(component)
	block := philox(counter{c0: uint32(name), c1: uint32(name >> 32)}, key{uint32(seed), uint32(seed >> 32)})
	return Stream{key: key{block.c0, block.c1}, purpose: purpose}
}

// Uniform is the draw of a request in [0, 1), a multiple of 2^-53.
func (s Stream) Uniform(request uint64) float64 { return s.UniformAt(request, 0) }

// UniformAt is the n-th of the independent draws of a request.
func (s Stream) UniformAt(request uint64, n uint32) float64 {
	block := s.block(request, n)
	return unit(block.c0, block.c1)
}

// Stratified is a draw in [0, 1) that is spread evenly over requests: each
// block of 256 successive requests has exactly one draw in each 256th part of
// the interval, in an order that a keyed permutation shuffles per block. Each
// draw alone is uniform, so rates are unbiased; but a share of p of n requests
// is hit to within a few requests, where independent draws are off by
// sqrt(p(1-p)n). Use it for yes-or-no draws whose measured rate matters
// (errors), not for service times: theory wants those independent.
func (s Stream) Stratified(request uint64) float64 {
	within := s.block(request, 0)
	order := s.block(request/strata, 1)
	stratum := shuffle(uint32(request%strata), order)
	return (float64(stratum) + unit(within.c0, within.c1)) / strata
}

// strata is the number of requests that share one permutation.
const strata = 256

// shuffle is a permutation of 0..255: a Feistel network of four rounds on
// two halves of four bits, whose round functions are tables in keys.
func shuffle(x uint32, keys counter) uint32 {
	left, right := x>>4, x&15
	for _, key := range [4]uint32{keys.c0, keys.c1, keys.c2, keys.c3} {
		left, right = right, left^mix4(right, key)
	}
	return left<<4 | right
}

// mix4 maps four bits to four bits by key.
func mix4(x, key uint32) uint32 { return (x*0x9E3779B1 ^ key) * 0x85EBCA6B >> 28 }

func (s Stream) block(request uint64, n uint32) counter {
	return philox(counter{uint32(request), uint32(request >> 32), uint32(s.purpose), n}, s.key)
}

// unit is 53 of 64 random bits as a number in [0, 1).
func unit(hi, lo uint32) float64 {
	return float64((uint64(hi)<<32|uint64(lo))>>11) * 0x1p-53
}

// counter and key of Philox; they travel in registers.
type (
	counter struct{ c0, c1, c2, c3 uint32 }
	key     struct{ k0, k1 uint32 }
)

// philox is Philox 4x32 with ten rounds.
func philox(c counter, k key) counter {
	const (
		multiplier0, multiplier1 = 0xD2511F53, 0xCD9E8D57
		weyl0, weyl1             = 0x9E3779B9, 0xBB67AE85
		rounds                   = 10
	)
	for range rounds {
		p0, p1 := multiplier0*uint64(c.c0), multiplier1*uint64(c.c2)
		c = counter{uint32(p1>>32) ^ c.c1 ^ k.k0, uint32(p1), uint32(p0>>32) ^ c.c3 ^ k.k1, uint32(p0)}
		k = key{k.k0 + weyl0, k.k1 + weyl1}
	}
	return c
}

// fnv1a is the 64-bit FNV-1a hash.
func fnv1a(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
