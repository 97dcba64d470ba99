// Package localcluster runs a Kubernetes control plane, Prometheus and a
// process node on one machine, without containers:
//
//	flashcrowd local up
//	└─ supervisor (this program, detached)
//	   ├─ etcd ◄─ kube-apiserver ◄─┬─ kube-controller-manager
//	   │                           ├─ kube-scheduler
//	   │                           ├─ prometheus
//	   │                           └─ process node (in the supervisor)
//	   └─ pods: every container is a process of the node
//
// All data lives under one directory. Every process dies with the supervisor,
// however it dies.
package localcluster
