package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	product "flashcrowd.io/flashcrowd/dashboard"
	"flashcrowd.io/flashcrowd/dashboard/access"
	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/metrics"
)

// rules of the roles in config/rbac/users.yaml, and of the dashboard's own in
// config/dashboard/rbac.yaml.
var (
	viewer = []rbacv1.PolicyRule{{APIGroups: []string{"flashcrowd.io"}, Resources: []string{"componentgraphs", "simulations"}, Verbs: []string{"get", "list", "watch"}}}
	editor = []rbacv1.PolicyRule{{APIGroups: []string{"flashcrowd.io"}, Resources: []string{"componentgraphs", "simulations"}, Verbs: []string{"get", "list", "watch", "create", "update", "patch", "delete"}}}
	own    = []rbacv1.PolicyRule{
		{APIGroups: []string{"flashcrowd.io"}, Resources: []string{"componentgraphs", "simulations"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}, Verbs: []string{"create"}},
		{APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"subjectaccessreviews"}, Verbs: []string{"create"}},
	}
)

// cluster is a real API server and a dashboard before it.
var cluster struct {
	admin   client.Client
	clients *kubernetes.Clientset
	// acting is how the dashboard's own account reaches the API server.
	acting *rest.Config
	url    string
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctrl.SetLogger(logr.Discard())
	assets := filepath.Join(root(), "bin", "controlplane")
	if _, err := os.Stat(filepath.Join(assets, "kube-apiserver")); err != nil {
		panic("the control plane is not built: run make controlplane")
	}
	if err := os.Setenv("HTTP2_PING_TIMEOUT_SECONDS", "300"); err != nil { // an API server that is short of CPU time is not lost
		panic(err)
	}
	environment := &envtest.Environment{
		BinaryAssetsDirectory: assets, CRDDirectoryPaths: []string{filepath.Join(root(), "config", "crd", "bases")}, ErrorIfCRDPathMissing: true,
		// A busy machine takes its time.
		ControlPlaneStartTimeout: 5 * time.Minute, ControlPlaneStopTimeout: 5 * time.Minute, CRDInstallOptions: envtest.CRDInstallOptions{MaxTime: 2 * time.Minute},
	}
	config, err := environment.Start()
	if err != nil {
		panic(err)
	}
	defer func() {
		if err := environment.Stop(); err != nil {
			panic(err)
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	stop, err := serve(ctx, config)
	if err != nil {
		panic(err)
	}
	code := m.Run()
	cancel()
	stop()
	return code
}

func root() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
}

// serve runs a dashboard whose own account may do what its manifest says and no more.
func serve(ctx context.Context, config *rest.Config) (stop func(), err error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme, rbacv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	config.QPS, config.Burst = 500, 1000
	if cluster.admin, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	if cluster.clients, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	token, err := account(ctx, "default", "dashboard", "", own)
	if err != nil {
		return nil, err
	}
	acting := rest.AnonymousClientConfig(config)
	acting.BearerToken, acting.QPS, acting.Burst = token, 500, 1000
	cluster.acting = acting
	return serveAs(ctx, acting, scheme)
}

func serveAs(ctx context.Context, config *rest.Config, scheme *runtime.Scheme) (stop func(), err error) {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion})
	for _, kind := range []string{"ComponentGraph", "Simulation"} {
		mapper.Add(v1alpha1.GroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	watched, err := cache.New(config, cache.Options{Scheme: scheme, Mapper: mapper})
	if err != nil {
		return nil, err
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	authority, err := access.NewAuthority(clients.AuthenticationV1().TokenReviews(), clients.AuthorizationV1().SubjectAccessReviews(), time.Now)
	if err != nil {
		return nil, err
	}
	meter, err := metrics.NewClient("http://127.0.0.1:1", time.Second) // nobody answers there
	if err != nil {
		return nil, err
	}
	book := runs.Open(watched, runs.Options{
		Name: runs.Name{Epoch: "e", Server: "test", TickEvery: time.Second}, Meter: meter, Now: time.Now, Log: logr.Discard(),
		Probe: func(ctx context.Context) error {
			return clients.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
		},
	})
	server := product.New(product.Options{
		Runs: book, Authority: authority, Meter: meter, Graphs: watched, Cluster: config, Client: client.Options{Scheme: scheme, Mapper: mapper},
		Mode: product.Cluster, Namespace: "default", Version: "test", Now: time.Now,
	})
	handler, err := server.Handler()
	if err != nil {
		return nil, err
	}
	web := httptest.NewServer(handler)
	cluster.url = web.URL
	var running sync.WaitGroup
	running.Go(func() { _ = book.Run(ctx) })
	if !watched.WaitForCacheSync(ctx) {
		return nil, fmt.Errorf("the cache did not sync: may the dashboard's account watch?")
	}
	return func() { running.Wait(); server.Wait(); web.Close() }, nil
}

// account makes a service account with rules, in one namespace or in all, and is
// a token of it.
func account(ctx context.Context, namespace, name, in string, rules []rbacv1.PolicyRule) (string, error) {
	subject := []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: name}}
	objects := []client.Object{
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}},
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: namespace + "-" + name}, Rules: rules},
	}
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: namespace + "-" + name}
	if in == "" {
		objects = append(objects, &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: namespace + "-" + name}, RoleRef: role, Subjects: subject})
	} else {
		objects = append(objects, &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: namespace + "-" + name}, RoleRef: role, Subjects: subject})
	}
	for _, o := range objects {
		if err := cluster.admin.Create(ctx, o); err != nil {
			return "", err
		}
	}
	made, err := cluster.clients.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return made.Status.Token, nil
}

// stage is a namespace of a test's own, with people.
type stage struct {
	t         *testing.T
	namespace string
	// url of the dashboard that is asked.
	url string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "stage-"}}
	if err := cluster.admin.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	return &stage{t: t, namespace: ns.Name, url: cluster.url}
}

func (s *stage) person(name string, rules []rbacv1.PolicyRule) (token string) {
	s.t.Helper()
	token, err := account(s.t.Context(), s.namespace, name, s.namespace, rules)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// ask sends a request and is its status and body, which must be as the OpenAPI
// document says.
func (s *stage) ask(token, method, path string, body any) (int, []byte) {
	s.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(data))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	answered(s.t, method, path, response.StatusCode, answer)
	return response.StatusCode, answer
}

// eventually waits until a condition holds, and fails after a minute.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		<-tick.C
	}
}
