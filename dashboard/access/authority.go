package access

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	authentication "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// ErrUnauthenticated says that a token is missing, wrong or no longer valid.
var ErrUnauthenticated = errors.New("the token is not valid, or no longer")

// Answers are believed for fresh; while the API server is away, the last answer
// is believed for stale, so that an outage does not blank the page.
const (
	fresh  = 10 * time.Second
	stale  = 10 * time.Minute
	memory = 4096
	// patience is how long a review may take.
	patience = 5 * time.Second
)

// Caller is who asks.
type Caller struct {
	// Name as Kubernetes knows it.
	Name string
	// Token that proves it, and that acts for the caller.
	Token string
	user  authenticationv1.UserInfo
}

// Question is whether a caller may do something with our kinds.
type Question struct {
	Verb, Resource, Subresource, Namespace string
}

// String is the question as a page names it, such as "patch simulations".
func (q Question) String() string {
	if q.Subresource != "" {
		return q.Verb + " " + q.Resource + "/" + q.Subresource
	}
	return q.Verb + " " + q.Resource
}

// Verdict answers a question.
type Verdict struct {
	Allowed bool
	// Reason in words, when not.
	Reason string
}

// Authority asks Kubernetes. It is safe for many callers.
type Authority struct {
	tokens   authentication.TokenReviewInterface
	accesses authorization.SubjectAccessReviewInterface
	now      func() time.Time
	callers  *lru.Cache[[sha256.Size]byte, remembered[Caller]]
	verdicts *lru.Cache[asked, remembered[Verdict]]
	// asking lets many who come at once with one question ask it once.
	asking singleflight.Group
}

type asked struct {
	token    [sha256.Size]byte
	question Question
}

// remembered is an answer and when it was given.
type remembered[T any] struct {
	value T
	err   error
	at    time.Time
}

// NewAuthority asks by two clients.
func NewAuthority(tokens authentication.TokenReviewInterface, accesses authorization.SubjectAccessReviewInterface, now func() time.Time) (*Authority, error) {
	callers, err := lru.New[[sha256.Size]byte, remembered[Caller]](memory)
	if err != nil {
		return nil, fmt.Errorf("making room for callers: %w", err)
	}
	verdicts, err := lru.New[asked, remembered[Verdict]](memory)
	if err != nil {
		return nil, fmt.Errorf("making room for verdicts: %w", err)
	}
	return &Authority{tokens: tokens, accesses: accesses, now: now, callers: callers, verdicts: verdicts}, nil
}

// Authenticate names the holder of a token. The error is ErrUnauthenticated, or
// says that Kubernetes could not be asked.
func (a *Authority) Authenticate(ctx context.Context, token string) (Caller, error) {
	if token == "" {
		return Caller{}, ErrUnauthenticated
	}
	key := sha256.Sum256([]byte(token))
	return recall(a, a.callers, key, fmt.Sprintf("%x", key), func() (Caller, error) { return a.review(context.WithoutCancel(ctx), token) })
}

// Allowed reports whether a caller may do something. An error says that
// Kubernetes could not be asked.
func (a *Authority) Allowed(ctx context.Context, c Caller, q Question) (Verdict, error) {
	key := asked{token: sha256.Sum256([]byte(c.Token)), question: q}
	return recall(a, a.verdicts, key, fmt.Sprintf("%x/%+v", key.token, q), func() (Verdict, error) { return a.judge(context.WithoutCancel(ctx), c, q) })
}

// recall gives a fresh answer: the remembered one, or a new one, or while that
// cannot be had an older one. The name tells the question apart from all others.
func recall[K comparable, T any](a *Authority, memory *lru.Cache[K, remembered[T]], key K, name string, ask func() (T, error)) (T, error) {
	known, ok := memory.Get(key)
	if ok && a.now().Sub(known.at) < fresh {
		return known.value, known.err
	}
	answered, _, _ := a.asking.Do(name, func() (any, error) {
		value, err := ask()
		return remembered[T]{value: value, err: err, at: a.now()}, nil
	})
	answer, _ := answered.(remembered[T])
	if answer.err != nil && !errors.Is(answer.err, ErrUnauthenticated) {
		if ok && a.now().Sub(known.at) < stale {
			return known.value, known.err
		}
		return answer.value, answer.err
	}
	memory.Add(key, answer)
	return answer.value, answer.err
}

func (a *Authority) review(ctx context.Context, token string) (Caller, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	review, err := a.tokens.Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	if err != nil {
		return Caller{}, fmt.Errorf("reviewing a token: %w", err)
	}
	if !review.Status.Authenticated {
		return Caller{}, ErrUnauthenticated
	}
	return Caller{Name: review.Status.User.Username, Token: token, user: review.Status.User}, nil
}

func (a *Authority) judge(ctx context.Context, c Caller, q Question) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	extra := map[string]authorizationv1.ExtraValue{}
	for name, values := range c.user.Extra {
		extra[name] = authorizationv1.ExtraValue(values)
	}
	review, err := a.accesses.Create(ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: c.Name, UID: c.user.UID, Groups: c.user.Groups, Extra: extra,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: v1alpha1.GroupVersion.Group, Version: v1alpha1.GroupVersion.Version,
			Verb: q.Verb, Resource: q.Resource, Subresource: q.Subresource, Namespace: q.Namespace,
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		return Verdict{}, fmt.Errorf("asking whether %s may %s: %w", c.Name, q, err)
	}
	if review.Status.Allowed {
		return Verdict{Allowed: true}, nil
	}
	return Verdict{Reason: fmt.Sprintf("%s may not %s in namespace %s: ask for that verb", c.Name, q, q.Namespace)}, nil
}
