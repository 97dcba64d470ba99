package controllers

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// LeaderElectionID is the Lease that one of several managers holds.
const LeaderElectionID = "manager.flashcrowd.io"

const (
	// reconciliationTimeout bounds one reconcile, and with it how long a read
	// waits for a watch that is away.
	reconciliationTimeout = 30 * time.Second
	// retryPeriod is how often a standby asks for the lease: one that was released
	// is taken within 1.1 s, which is this and its jitter.
	retryPeriod = 500 * time.Millisecond
)

// ManagerOptions are what the reconcilers ask of any manager that runs them:
// reads that see their own writes, reconciles that end, and a standby that is
// warm and takes over at once.
func ManagerOptions() (ctrl.Options, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return ctrl.Options{}, fmt.Errorf("registering Kubernetes kinds: %w", err)
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return ctrl.Options{}, fmt.Errorf("registering our kinds: %w", err)
	}
	yes, warm, retry := true, true, retryPeriod
	return ctrl.Options{
		Scheme:                        scheme,
		Client:                        client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: &yes}},
		Controller:                    config.Controller{ReconciliationTimeout: reconciliationTimeout, EnableWarmup: &warm},
		LeaderElectionID:              LeaderElectionID,
		LeaderElectionReleaseOnCancel: true,
		RetryPeriod:                   &retry,
	}, nil
}
