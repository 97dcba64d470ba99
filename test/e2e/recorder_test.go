package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gorilla/websocket"

	"flashcrowd.io/flashcrowd/internal/localcluster"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// recorder is a dashboard beside the cluster's own, that keeps runs in a history of
// a test's and acts for the local user.
type recorder struct {
	t       *testing.T
	history string
	// kubeconfig of the dashboard's account, and the token of who asks it.
	kubeconfig, token string
	prometheus        string
	// address of the page, and of the health.
	address, health string
	command         *exec.Cmd
	log             journal
}

func newRecorder(t *testing.T, history string) *recorder {
	t.Helper()
	r := &recorder{t: t, history: history, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig"), address: freeAddress(t), health: freeAddress(t)}
	r.token = token(t, "default", "flashcrowd-user")
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(directory, "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	if err := rest.LoadTLSFiles(config); err != nil {
		t.Fatal(err)
	}
	file := clientcmdapi.NewConfig()
	file.Clusters["c"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	file.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: token(t, "flashcrowd-system", "flashcrowd-dashboard")}
	file.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	file.CurrentContext = "x"
	if err := clientcmd.WriteToFile(*file, r.kubeconfig); err != nil {
		t.Fatal(err)
	}
	if r.prometheus, err = localcluster.Open(directory).PrometheusURL(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("the dashboard that kept %s said:\n%s", history, r.log.String())
		}
	})
	r.start()
	return r
}

// token of a service account.
func token(t *testing.T, namespace, account string) string {
	t.Helper()
	_, k := clients(t)
	made, err := k.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.Status.Token
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// start waits until the dashboard has read the cluster.
func (r *recorder) start() {
	r.t.Helper()
	r.command = exec.Command(filepath.Join(root(), "bin", "dashboard"),
		"--bind-address="+r.address, "--health-probe-bind-address="+r.health, "--prometheus-url="+r.prometheus, "--mode=Local", "--history="+r.history)
	r.command.Env = append(os.Environ(), "KUBECONFIG="+r.kubeconfig)
	r.command.Stderr = &r.log
	if err := r.command.Start(); err != nil {
		r.t.Fatal(err)
	}
	eventuallySoon(r.t, "the dashboard is ready", func() bool {
		response, err := http.Get("http://" + r.health + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// kill ends the dashboard as a crash does.
func (r *recorder) kill() {
	if r.command == nil {
		return
	}
	_ = r.command.Process.Kill()
	_ = r.command.Wait()
	r.command = nil
}

// send asks as the local user and is the body of a good answer.
func (r *recorder) send(method, path string, body any) []byte {
	r.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), method, "http://"+r.address+path, bytes.NewReader(data))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		r.t.Fatalf("%s %s: %s %s %v", method, path, response.Status, answer, err)
	}
	return answer
}

// refused is how often the history could not be written so far.
func (r *recorder) refused() int {
	return strings.Count(r.log.String(), "the history cannot be written now")
}

// journal is what a process says.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// page hears the feed of a run.
type page struct {
	mu        sync.Mutex
	seq       int64
	phase     wire.Phase
	decisions map[string]wire.ScalingDecision
	// ticks that had a rate, the last rate, and the 99th percentiles of latency.
	ticks int
	rate  float64
	p99   []float64
	// faults are what no page should hear.
	faults []string
}

// listen opens a page that hears until the feed or the test ends.
func (r *recorder) listen(run string) *page {
	r.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{wire.FeedSubprotocol}}
	conn, response, err := dialer.DialContext(r.t.Context(), "ws://"+r.address+wire.FeedPath+"?simulationId="+url.QueryEscape(run), http.Header{"Authorization": {"Bearer " + r.token}})
	if err != nil {
		r.t.Fatalf("%v: %v", response, err)
	}
	if err := conn.WriteJSON(wire.FeedResume{Type: wire.MessageResume}); err != nil {
		r.t.Fatal(err)
	}
	p := &page{decisions: map[string]wire.ScalingDecision{}}
	var hearing sync.WaitGroup
	hearing.Go(func() {
		for {
			_, message, err := conn.ReadMessage()
			if err != nil {
				return
			}
			p.hear(message)
		}
	})
	r.t.Cleanup(func() {
		_ = conn.Close()
		hearing.Wait()
	})
	return p
}

// message is what a feed may say, as far as these pages listen.
type message struct {
	Type      wire.MessageType       `json:"type"`
	Seq       int64                  `json:"seq"`
	Total     *wire.Total            `json:"total"`
	Phase     wire.Phase             `json:"phase"`
	Decision  wire.ScalingDecision   `json:"decision"`
	Decisions []wire.ScalingDecision `json:"decisions"`
}

func (p *page) hear(text []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		p.faults = append(p.faults, err.Error())
		return
	}
	switch m.Type {
	case wire.MessageHello, wire.MessageBye:
	case wire.MessageTick:
		p.measured(m.Total)
	case wire.MessageSnapshot:
		p.seq, p.phase = m.Seq, m.Phase
		for _, d := range m.Decisions {
			p.decisions[d.ID] = d
		}
	case wire.MessageGap:
		p.faults = append(p.faults, string(text))
	default:
		if m.Seq != p.seq+1 {
			p.faults = append(p.faults, "a silent gap before "+string(text))
		}
		p.seq = m.Seq
		p.told(m)
	}
}

func (p *page) measured(total *wire.Total) {
	if total == nil || total.Rate == nil || *total.Rate == 0 {
		return
	}
	p.ticks++
	p.rate = *total.Rate
	if total.P99 != nil {
		p.p99 = append(p.p99, *total.P99)
	}
}

func (p *page) told(m message) {
	switch m.Type {
	case wire.MessagePhase:
		p.phase = m.Phase
	case wire.MessageDecision:
		p.decisions[m.Decision.ID] = m.Decision
	}
}

// logged are the decisions of the log, without those that were only held back.
func (p *page) logged() []wire.ScalingDecision {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []wire.ScalingDecision
	for id, d := range p.decisions {
		if strings.HasPrefix(id, "d") {
			all = append(all, d)
		}
	}
	return all
}

// view is what a page shows.
type view struct {
	phase  wire.Phase
	ticks  int
	rate   float64
	p99    []float64
	faults []string
}

func (p *page) view() view {
	p.mu.Lock()
	defer p.mu.Unlock()
	return view{phase: p.phase, ticks: p.ticks, rate: p.rate, p99: append([]float64(nil), p.p99...), faults: append([]string(nil), p.faults...)}
}
