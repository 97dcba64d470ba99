// Package metrics reads what was measured: the only room that knows PromQL. It
// asks any Prometheus HTTP API and answers in the words of package scaling.
// What was not measured is a value of its own, never zero.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// maxAnswer bounds what is read of one answer.
const maxAnswer = 4 << 20

// ErrUnavailable says that the source did not give a usable answer.
var ErrUnavailable = errors.New("metrics are not available")

// Client asks one Prometheus HTTP API.
type Client struct {
	api promv1.API
	// timeout of one question.
	timeout time.Duration
}

// NewClient asks the API at address, which is an http or https URL.
func NewClient(address string, timeout time.Duration) (*Client, error) {
	client, err := api.NewClient(api.Config{Address: address, RoundTripper: bounded{http.DefaultTransport}})
	if err != nil {
		return nil, fmt.Errorf("the Prometheus address %q: %w", address, err)
	}
	return &Client{api: promv1.NewAPI(client), timeout: timeout}, nil
}

// bounded refuses answers that are too large to be ours.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxAnswer}
	return resp, nil
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the answer is larger than 4 MiB")
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}

// vector asks for the value of an expression at a time.
func (c *Client) vector(ctx context.Context, expression string, at time.Time) (model.Vector, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	value, _, _, err := c.api.Query(ctx, expression, at)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("%w: the answer is a %s, not a vector", ErrUnavailable, value.Type())
	}
	return vector, nil
}
