package access

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// kubernetes is an API server that knows one token, whose holder may read.
type kubernetes struct {
	now            time.Time
	away, revoked  bool
	reviews, asked int
	// busy is how long an answer takes.
	busy      time.Duration
	authority *Authority
}

func newKubernetes(t *testing.T) *kubernetes {
	t.Helper()
	k := &kubernetes{now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	clients := fake.NewClientset()
	clients.PrependReactor("create", "tokenreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		k.reviews++
		review, _ := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenReview)
		review.Status.Authenticated = review.Spec.Token == "good" && !k.revoked
		review.Status.User = authenticationv1.UserInfo{Username: "jane", Groups: []string{"team"}}
		return true, review, k.answer()
	})
	clients.PrependReactor("create", "subjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		k.asked++
		review, _ := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview)
		spec := review.Spec
		review.Status.Allowed = spec.User == "jane" && len(spec.Groups) == 1 && spec.ResourceAttributes.Group == "flashcrowd.io" && spec.ResourceAttributes.Verb == "get"
		return true, review, k.answer()
	})
	authority, err := NewAuthority(clients.AuthenticationV1().TokenReviews(), clients.AuthorizationV1().SubjectAccessReviews(), func() time.Time { return k.now })
	if err != nil {
		t.Fatal(err)
	}
	k.authority = authority
	return k
}

func (k *kubernetes) answer() error {
	time.Sleep(k.busy)
	if k.away {
		return errors.New("connection refused")
	}
	return nil
}

// TestManyAtOnceAskOnce is a crowd that comes back after a restart.
func TestManyAtOnceAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKubernetes(t)
		k.busy = time.Second
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				caller, err := k.authority.Authenticate(t.Context(), "good")
				if err != nil {
					t.Error(err)
				}
				if verdict, err := k.authority.Allowed(t.Context(), caller, Question{Verb: "get", Resource: "simulations"}); err != nil || !verdict.Allowed {
					t.Errorf("%+v, %v", verdict, err)
				}
			})
		}
		group.Wait()
		if k.reviews != 1 || k.asked != 1 {
			t.Errorf("%d reviews of the token and %d of the access, want one each", k.reviews, k.asked)
		}
	})
}

func TestATokenIsReviewedOnceInAWhile(t *testing.T) {
	k := newKubernetes(t)
	for range 3 {
		caller, err := k.authority.Authenticate(context.Background(), "good")
		if err != nil || caller.Name != "jane" || caller.Token != "good" {
			t.Fatalf("caller %+v, %v", caller, err)
		}
	}
	if k.reviews != 1 {
		t.Errorf("%d reviews, want 1", k.reviews)
	}
	k.revoked, k.now = true, k.now.Add(fresh)
	if _, err := k.authority.Authenticate(context.Background(), "good"); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("a revoked token gives %v after %v", err, fresh)
	}
}

func TestWrongTokensAreRefused(t *testing.T) {
	k := newKubernetes(t)
	for _, token := range []string{"", "bad"} {
		if _, err := k.authority.Authenticate(context.Background(), token); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("token %q: %v", token, err)
		}
	}
}

func TestAnOutageIsBridgedForAWhileAndForThoseWhoAreKnown(t *testing.T) {
	k := newKubernetes(t)
	caller, err := k.authority.Authenticate(context.Background(), "good")
	if err != nil {
		t.Fatal(err)
	}
	read := Question{Verb: "get", Resource: "simulations", Namespace: "default"}
	if verdict, err := k.authority.Allowed(context.Background(), caller, read); err != nil || !verdict.Allowed {
		t.Fatalf("%+v, %v", verdict, err)
	}
	k.away, k.now = true, k.now.Add(stale-time.Second)
	if _, err := k.authority.Authenticate(context.Background(), "good"); err != nil {
		t.Errorf("a known caller is refused in an outage: %v", err)
	}
	if verdict, err := k.authority.Allowed(context.Background(), caller, read); err != nil || !verdict.Allowed {
		t.Errorf("a known verdict is lost in an outage: %+v, %v", verdict, err)
	}
	if _, err := k.authority.Authenticate(context.Background(), "other"); err == nil || errors.Is(err, ErrUnauthenticated) {
		t.Errorf("an unknown caller in an outage: %v", err)
	}
	k.now = k.now.Add(2 * time.Second)
	if _, err := k.authority.Authenticate(context.Background(), "good"); err == nil {
		t.Error("an answer is believed for ever")
	}
}

func TestARefusalSaysWhichVerbIsMissing(t *testing.T) {
	k := newKubernetes(t)
	caller, err := k.authority.Authenticate(context.Background(), "good")
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := k.authority.Allowed(context.Background(), caller, Question{Verb: "patch", Resource: "simulations", Namespace: "shop"})
	want := "jane may not patch simulations in namespace shop: ask for that verb"
	if err != nil || verdict.Allowed || verdict.Reason != want {
		t.Errorf("%+v, %v; want %q", verdict, err, want)
	}
}
