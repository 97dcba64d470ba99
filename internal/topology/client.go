package topology

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// maxLine bounds one topology: 100 components with 64 replicas take well under 4 MiB.
const maxLine = 16 << 20

// Source delivers topologies until its context ends: a Client or a File.
type Source interface {
	// Run calls apply with each new topology, one call at a time.
	Run(ctx context.Context, apply func(wire.Topology)) error
	// LastSeen is when the source last spoke, zero before that.
	LastSeen() time.Time
}

// ClientOptions says where the stream is and who asks.
type ClientOptions struct {
	// Address is host:port of the topology service; all its addresses are tried.
	Address string
	// Graph is namespace/name.
	Graph string
	// TokenPath is read afresh for each connection, since tokens rotate.
	TokenPath string
	// Silence ends a connection without a heartbeat, 5 s by default.
	Silence time.Duration
	// MaxBackoff bounds the pause between attempts, 3 s by default.
	MaxBackoff time.Duration
	Log        *slog.Logger
}

// Client follows the topology stream of one graph.
type Client struct {
	options  ClientOptions
	http     *http.Client
	lastSeen atomic.Int64
	revision string
}

var _ Source = (*Client)(nil)

// NewClient makes a client; Run starts it.
func NewClient(options ClientOptions) *Client {
	if options.Silence <= 0 {
		options.Silence = 5 * time.Second
	}
	if options.MaxBackoff <= 0 {
		options.MaxBackoff = 3 * time.Second
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return &Client{options: options, http: &http.Client{Transport: &http.Transport{
		DialContext: dialAny, DisableKeepAlives: true, ResponseHeaderTimeout: options.Silence,
	}}}
}

// LastSeen is when the stream last spoke, heartbeats included.
func (c *Client) LastSeen() time.Time {
	if ns := c.lastSeen.Load(); ns != 0 {
		return time.Unix(0, ns)
	}
	return time.Time{}
}

// Run follows the stream until ctx ends, reconnecting with back-off and jitter.
// apply gets each topology that differs from the last one.
func (c *Client) Run(ctx context.Context, apply func(wire.Topology)) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = 50 * time.Millisecond
	pause.MaxInterval = c.options.MaxBackoff
	for {
		lines, err := c.follow(ctx, apply)
		if ctx.Err() != nil {
			return nil
		}
		if lines > 0 {
			pause.Reset()
		}
		wait := pause.NextBackOff()
		c.options.Log.Info("topology stream away", "reason", err.Error(), "retryIn", wait)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// follow reads one connection to its end and tells how many lines it brought.
func (c *Client) follow(ctx context.Context, apply func(wire.Topology)) (lines int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	body, err := c.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	silence := time.AfterFunc(c.options.Silence, cancel)
	defer silence.Stop()
	scanner := bufio.NewScanner(body)
	scanner.Buffer(make([]byte, 64<<10), maxLine)
	for scanner.Scan() {
		silence.Reset(c.options.Silence)
		c.lastSeen.Store(time.Now().UnixNano())
		lines++
		if err := c.line(scanner.Bytes(), apply); err != nil {
			return lines, err
		}
	}
	if err := scanner.Err(); err != nil {
		return lines, fmt.Errorf("reading the topology stream: %w", err)
	}
	return lines, errors.New("the server ended the stream")
}

// line applies one line unless it is a heartbeat or known already.
func (c *Client) line(line []byte, apply func(wire.Topology)) error {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	var t wire.Topology
	if err := json.Unmarshal(line, &t); err != nil {
		return fmt.Errorf("decoding a topology: %w", err)
	}
	if t.Revision != c.revision {
		c.revision = t.Revision
		apply(t)
	}
	return nil
}

func (c *Client) connect(ctx context.Context) (io.ReadCloser, error) {
	token, err := os.ReadFile(c.options.TokenPath)
	if err != nil {
		return nil, fmt.Errorf("reading the token: %w", err)
	}
	target := url.URL{
		Scheme: "http", Host: c.options.Address, Path: wire.TopologyPath,
		RawQuery: url.Values{"graph": {c.options.Graph}}.Encode(),
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("asking for the topology: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking for the topology: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		words, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
		return nil, fmt.Errorf("the topology stream answered %d: %s", resp.StatusCode, strings.TrimSpace(string(words)))
	}
	return resp.Body, nil
}

// dialAny tries the addresses of a name in random order, so that clients spread
// over the manager replicas and one that is gone costs a second at most.
func dialAny(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return nil, err
	}
	rand.Shuffle(len(addrs), func(i, j int) { addrs[i], addrs[j] = addrs[j], addrs[i] })
	dialer := net.Dialer{Timeout: time.Second}
	var failed error
	for _, a := range addrs {
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(a, port))
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}
