package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/dashboard/access"
	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// house is a server on a real socket, with one run in namespace default and one
// in namespace secret. Tokens are names of people; mallory is nobody.
type house struct {
	t      *testing.T
	server *Server
	web    *httptest.Server
	run    *runs.Run
	secret *runs.Run

	mu sync.Mutex
	// revoked are those who may not read any more.
	revoked []string
	// later is how far the clock of the reviews is ahead.
	later time.Duration
}

func (h *house) Find(id string) (*runs.Run, error) {
	for _, run := range h.All() {
		sim := run.Simulation()
		if string(sim.UID) == id || sim.Namespace+"/"+sim.Name == id {
			return run, nil
		}
	}
	return nil, runs.ErrNotFound
}

func (h *house) All() []*runs.Run { return []*runs.Run{h.run, h.secret} }
func (h *house) Synced() bool     { return true }

// allowed says that everybody may read namespace default, and nobody secret.
func (h *house) allowed(user, namespace string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return namespace == "default" && !slices.Contains(h.revoked, user)
}

func (h *house) revoke(user string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.revoked, h.later = append(h.revoked, user), h.later+time.Minute
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.later)
}

func (h *house) authority() *access.Authority {
	clients := fake.NewClientset()
	clients.PrependReactor("create", "tokenreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review, _ := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenReview)
		review.Status.Authenticated = review.Spec.Token != "mallory"
		review.Status.User.Username = review.Spec.Token
		return true, review, nil
	})
	clients.PrependReactor("create", "subjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review, _ := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview)
		review.Status.Allowed = h.allowed(review.Spec.User, review.Spec.ResourceAttributes.Namespace)
		return true, review, nil
	})
	authority, err := access.NewAuthority(clients.AuthenticationV1().TokenReviews(), clients.AuthorizationV1().SubjectAccessReviews(), h.clock)
	if err != nil {
		h.t.Fatal(err)
	}
	return authority
}

func recalled(namespace string) *runs.Run {
	return runs.Recall(simulationIn(namespace), graphIn(namespace), runs.Name{Epoch: "e", Server: "test", TickEvery: time.Second}, time.Now())
}

func simulationIn(namespace string) *v1alpha1.Simulation {
	return &v1alpha1.Simulation{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "run", UID: types.UID("run-in-" + namespace)},
		Spec:       v1alpha1.SimulationSpec{GraphRef: v1alpha1.GraphRef{Name: "shop"}, DurationSeconds: new(int32(60)), Traffic: v1alpha1.Traffic{RequestsPerSecond: new(int32(100))}},
		Status:     v1alpha1.SimulationStatus{StartTime: new(metav1.NewMicroTime(time.Now()))},
	}
}

func graphIn(namespace string) *v1alpha1.ComponentGraph {
	cg := &v1alpha1.ComponentGraph{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "shop", UID: "graph"},
		Spec: v1alpha1.ComponentGraphSpec{
			Components:  []v1alpha1.Component{{Name: "api-server", Type: v1alpha1.APIServer}, {Name: "database", Type: v1alpha1.Database}},
			Connections: []v1alpha1.Connection{{From: "api-server", To: "database"}},
		},
	}
	for _, name := range []string{"api-server", "database"} {
		cg.Status.Components = append(cg.Status.Components, v1alpha1.LiveComponent{Name: name, Replicas: new(int32(1)), Instances: []v1alpha1.Instance{{ID: name + "-1", Pod: name + "-pod", Ready: new(true)}}})
	}
	return cg
}

func newHouse(t *testing.T, change ...func(*Options)) *house {
	t.Helper()
	h := &house{t: t, run: recalled("default"), secret: recalled("secret")}
	o := Options{Runs: h, Authority: h.authority(), Mode: Local, Namespace: "default", Version: "test", Now: time.Now, AllowedHosts: []string{"dash.example.org"}}
	for _, c := range change {
		c(&o)
	}
	h.server = New(o)
	// Nobody is given up for being slow, unless a test wants it.
	h.server.pace = pace{message: time.Minute, write: time.Minute, ping: 200 * time.Millisecond, pong: time.Minute, introduction: time.Minute, recheck: 100 * time.Millisecond}
	handler, err := h.server.Handler()
	if err != nil {
		t.Fatal(err)
	}
	h.web = httptest.NewServer(handler)
	t.Cleanup(func() {
		for _, run := range h.All() {
			run.Feed.Close(time.Now(), websocket.CloseGoingAway, "the test is over", 0)
		}
		h.server.Wait()
		h.web.Close()
	})
	return h
}

// ask sends a request with headers; Host is one of them.
func (h *house) ask(method, path, body string, headers map[string]string) *http.Response {
	h.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, h.web.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	if host := headers["Host"]; host != "" {
		request.Host = host
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// cookie signs a browser in by a ticket.
func (h *house) cookie(token string) string {
	h.t.Helper()
	response := h.ask(http.MethodGet, "/login?ticket="+h.server.sessions.Issue(token), "", nil)
	if response.StatusCode != http.StatusSeeOther || len(response.Cookies()) != 1 {
		h.t.Fatalf("signing in gives %s", response.Status)
	}
	return response.Cookies()[0].Name + "=" + response.Cookies()[0].Value
}

// dial opens a feed; the status is that of the refusal, if it was refused.
func (h *house) dial(id string, headers map[string]string, subprotocols ...string) (*websocket.Conn, int) {
	h.t.Helper()
	dialer := websocket.Dialer{Subprotocols: subprotocols, HandshakeTimeout: time.Minute}
	header := http.Header{}
	for name, value := range headers {
		header.Set(name, value)
	}
	conn, response, err := dialer.Dial("ws"+strings.TrimPrefix(h.web.URL, "http")+wire.FeedPath+"?simulationId="+id, header)
	if err != nil {
		if response == nil {
			h.t.Fatal(err)
		}
		return nil, response.StatusCode
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	return conn, http.StatusSwitchingProtocols
}

// hear reads one message, or the code that the feed was closed with.
func (h *house) hear(conn *websocket.Conn) (message []byte, code int) {
	h.t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		h.t.Fatal(err)
	}
	_, message, err := conn.ReadMessage()
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		return nil, closed.Code
	}
	if err != nil {
		h.t.Fatalf("neither a message nor a close: %v", err)
	}
	return message, 0
}
