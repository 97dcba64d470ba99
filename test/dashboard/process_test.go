package dashboard

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// process is the dashboard as it ships: its binary, with its own account's token.
type process struct {
	t          *testing.T
	kubeconfig string
	// address of the page, and of the health.
	address, health string
	// history is the file that runs are kept in, empty for none.
	history string
	command *exec.Cmd
}

// newProcess is one that reaches the API server by a configuration, and does not
// run yet.
func newProcess(t *testing.T, config *rest.Config) *process {
	t.Helper()
	p := &process{t: t, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig"), address: freeAddress(t), health: freeAddress(t)}
	file := clientcmdapi.NewConfig()
	file.Clusters["c"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	file.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: config.BearerToken}
	file.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	file.CurrentContext = "x"
	if err := clientcmd.WriteToFile(*file, p.kubeconfig); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// freeAddress is one that nobody listens at. Its port is below those that the
// kernel gives to outgoing connections, so that none takes it before the process.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(20_000)))
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// start waits until the process answers, which needs no control plane.
func (p *process) start() {
	p.t.Helper()
	binary := filepath.Join(root(), "bin", "dashboard")
	if _, err := os.Stat(binary); err != nil {
		p.t.Fatal("the dashboard is not built: run make build")
	}
	p.command = exec.Command(binary, "--bind-address="+p.address, "--health-probe-bind-address="+p.health, "--prometheus-url=http://127.0.0.1:1", "--mode=Local", "--history="+p.history)
	p.command.Env = append(os.Environ(), "KUBECONFIG="+p.kubeconfig)
	p.command.Stderr = p.t.Output()
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, "the process answers", func() bool { return p.healthy("/healthz") })
}

// ready waits until the cluster was read.
func (p *process) ready() {
	p.t.Helper()
	eventually(p.t, "the process is ready", func() bool { return p.healthy("/readyz") })
}

func (p *process) healthy(path string) bool {
	response, err := http.Get("http://" + p.health + path)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// kill ends the process as a crash does.
func (p *process) kill() {
	if p.command == nil {
		return
	}
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
	p.command = nil
}

// resident is the memory of the process in bytes.
func (p *process) resident() int64 {
	p.t.Helper()
	for _, line := range p.proc("status") {
		if text, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	p.t.Fatal("the process has no memory")
	return 0
}

// busy is the processor time that the process has used.
func (p *process) busy() time.Duration {
	p.t.Helper()
	line := p.proc("stat")[0]
	fields := strings.Fields(line[strings.LastIndex(line, ")")+1:])
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func (p *process) proc(file string) []string {
	p.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.command.Process.Pid, file))
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}
