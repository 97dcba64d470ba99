package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	authentication "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/dashboard/access"
	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/metrics"
)

// world is what the dashboard reads: the cluster and the metrics source.
type world struct {
	config    *rest.Config
	client    client.Options
	cache     cache.Cache
	authority *access.Authority
	meter     *metrics.Client
	book      *runs.Book
}

// connect needs nothing to answer yet: a dashboard that starts while the control
// plane is away says so instead of ending.
func connect(prometheus string) (world, error) {
	w := world{}
	var err error
	if w.config, err = ctrl.GetConfig(); err != nil {
		return w, fmt.Errorf("finding the cluster: %w", err)
	}
	w.config.QPS, w.config.Burst = 200, 400
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return w, fmt.Errorf("registering the kinds: %w", err)
	}
	w.client = client.Options{Scheme: scheme, Mapper: kinds()}
	if w.cache, err = cache.New(w.config, cache.Options{Scheme: scheme, Mapper: w.client.Mapper, DefaultTransform: cache.TransformStripManagedFields()}); err != nil {
		return w, fmt.Errorf("watching the cluster: %w", err)
	}
	if w.meter, err = metrics.NewClient(prometheus, 2*time.Second); err != nil {
		return w, err
	}
	if w.authority, err = authority(w.config); err != nil {
		return w, err
	}
	probe, err := prober(w.config)
	if err != nil {
		return w, err
	}
	w.book = runs.Open(w.cache, runs.Options{
		Name: runs.Name{Epoch: epoch(), Server: version, TickEvery: tickEvery}, Meter: w.meter, Probe: probe, Now: time.Now, Log: klog.LoggerWithName(ctrl.Log, "runs"),
	})
	return w, nil
}

// kinds are the two that the dashboard knows: it asks nobody what there is.
func kinds() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion})
	for _, kind := range []string{"ComponentGraph", "Simulation"} {
		mapper.Add(v1alpha1.GroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	return mapper
}

func authority(config *rest.Config) (*access.Authority, error) {
	tokens, err := authentication.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for token reviews: %w", err)
	}
	accesses, err := authorization.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for access reviews: %w", err)
	}
	return access.NewAuthority(tokens.TokenReviews(), accesses.SubjectAccessReviews(), time.Now)
}

// prober asks the API server whether it is ready.
func prober(config *rest.Config) (func(context.Context) error, error) {
	config = rest.CopyConfig(config)
	config.APIPath, config.GroupVersion = "/", &schema.GroupVersion{}
	config.NegotiatedSerializer = runtime.NewSimpleNegotiatedSerializer(runtime.SerializerInfo{})
	asking, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for the control plane's health: %w", err)
	}
	return func(ctx context.Context) error {
		_, err := asking.Get().AbsPath("/readyz").DoRaw(ctx)
		return err
	}, nil
}
