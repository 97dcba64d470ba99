package node

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	corev1 "k8s.io/api/core/v1"
)

// census are the containers that run, and whose they are.
type census struct {
	mu sync.Mutex
	of map[*container]owner
}

// owner is a container's place: labels of the kubelet's resource metrics.
type owner struct{ container, namespace, pod string }

func (c *census) add(running *container, pod *corev1.Pod, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[*container]owner{}
	}
	c.of[running] = owner{container: name, namespace: pod.Namespace, pod: pod.Name}
}

func (c *census) remove(ended *container) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.of, ended)
}

// usage is what processes take of the machine.
type usage struct {
	cpuSeconds  float64
	memoryBytes float64
}

func (u usage) plus(v usage) usage {
	return usage{cpuSeconds: u.cpuSeconds + v.cpuSeconds, memoryBytes: u.memoryBytes + v.memoryBytes}
}

// clockTicks are those of a second in /proc, USER_HZ of every Linux.
const clockTicks = 100

// usageByNamespace sums what processes take by the PID namespace that they are
// in, which is a container's; proc is where the kernel's files are.
func usageByNamespace(proc string) (map[string]usage, error) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, fmt.Errorf("reading the processes: %w", err)
	}
	sums := map[string]usage{}
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		dir := filepath.Join(proc, entry.Name())
		namespace, err := os.Readlink(filepath.Join(dir, "ns", "pid"))
		if err != nil {
			continue // it has ended
		}
		if u, err := usageOf(dir); err == nil {
			sums[namespace] = sums[namespace].plus(u)
		}
	}
	return sums, nil
}

// usageOf is the CPU time of a process and of its children that have ended, and
// its resident memory.
func usageOf(dir string) (usage, error) {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return usage{}, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const utime, cstime, rss = 11, 14, 21 // counted from the state, which follows the name
	if len(fields) <= rss {
		return usage{}, fmt.Errorf("reading %s: %d fields", dir, len(fields))
	}
	ticks := 0.0
	for _, text := range fields[utime : cstime+1] {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return usage{}, fmt.Errorf("reading %s: %w", dir, err)
		}
		ticks += n
	}
	pages, err := strconv.ParseFloat(fields[rss], 64)
	if err != nil {
		return usage{}, fmt.Errorf("reading %s: %w", dir, err)
	}
	return usage{cpuSeconds: ticks / clockTicks, memoryBytes: pages * float64(os.Getpagesize())}, nil
}

// machine is what all processes of the machine take together.
func machine(proc string) usage {
	var u usage
	first := firstLine(filepath.Join(proc, "stat"))
	if fields := strings.Fields(first); len(fields) > 8 {
		for _, at := range []int{1, 2, 3, 6, 7, 8} { // all but idle, iowait and what guests take
			ticks, _ := strconv.ParseFloat(fields[at], 64)
			u.cpuSeconds += ticks / clockTicks
		}
	}
	path := filepath.Join(proc, "meminfo")
	u.memoryBytes = float64(kibibytes(path, "MemTotal:")-kibibytes(path, "MemAvailable:")) * 1024
	return u
}

// resourceMetrics serves what containers, pods and the node use, by the names of
// the kubelet's /metrics/resource.
func (a *Agent) resourceMetrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(resourceCollector{agent: a})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

var (
	containerLabels = []string{"container", "namespace", "pod"}
	podLabels       = []string{"namespace", "pod"}

	containerCPU    = prometheus.NewDesc("container_cpu_usage_seconds_total", "Cumulative cpu time consumed by the container in core-seconds", containerLabels, nil)
	containerMemory = prometheus.NewDesc("container_memory_working_set_bytes", "Current working set of the container in bytes", containerLabels, nil)
	containerStart  = prometheus.NewDesc("container_start_time_seconds", "Start time of the container since unix epoch in seconds", containerLabels, nil)
	podCPU          = prometheus.NewDesc("pod_cpu_usage_seconds_total", "Cumulative cpu time consumed by the pod in core-seconds", podLabels, nil)
	podMemory       = prometheus.NewDesc("pod_memory_working_set_bytes", "Current working set of the pod in bytes", podLabels, nil)
	nodeCPU         = prometheus.NewDesc("node_cpu_usage_seconds_total", "Cumulative cpu time consumed by the node in core-seconds", nil, nil)
	nodeMemory      = prometheus.NewDesc("node_memory_working_set_bytes", "Current working set of the node in bytes", nil, nil)
	scrapeError     = prometheus.NewDesc("resource_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise", nil, nil)
)

// resourceCollector reads /proc at each scrape.
type resourceCollector struct{ agent *Agent }

// Describe implements prometheus.Collector.
func (resourceCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{containerCPU, containerMemory, containerStart, podCPU, podMemory, nodeCPU, nodeMemory, scrapeError} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (r resourceCollector) Collect(out chan<- prometheus.Metric) {
	sums, err := usageByNamespace("/proc")
	failed := 0.0
	if err != nil {
		failed = 1
		r.agent.o.Log.Info("resources not read", "reason", err.Error())
	}
	out <- prometheus.MustNewConstMetric(scrapeError, prometheus.GaugeValue, failed)
	now := time.Now()
	both := func(cpu, memory *prometheus.Desc, u usage, labels ...string) {
		out <- prometheus.NewMetricWithTimestamp(now, prometheus.MustNewConstMetric(cpu, prometheus.CounterValue, u.cpuSeconds, labels...))
		out <- prometheus.NewMetricWithTimestamp(now, prometheus.MustNewConstMetric(memory, prometheus.GaugeValue, u.memoryBytes, labels...))
	}
	pods := map[owner]usage{}
	for c, who := range r.agent.census.list() {
		namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", c.command.Process.Pid))
		if err != nil {
			continue // it has just ended
		}
		u := sums[namespace]
		both(containerCPU, containerMemory, u, who.container, who.namespace, who.pod)
		out <- prometheus.MustNewConstMetric(containerStart, prometheus.GaugeValue, float64(c.started.UnixMilli())/1000, who.container, who.namespace, who.pod)
		pod := owner{namespace: who.namespace, pod: who.pod}
		pods[pod] = pods[pod].plus(u)
	}
	for pod, u := range pods {
		both(podCPU, podMemory, u, pod.namespace, pod.pod)
	}
	both(nodeCPU, nodeMemory, machine("/proc"))
}

// list is a copy of the census.
func (c *census) list() map[*container]owner {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.of)
}
