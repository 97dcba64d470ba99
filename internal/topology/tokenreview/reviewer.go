// Package tokenreview asks the Kubernetes API whose a token is. It stands apart
// from package topology so that stubs do not link a Kubernetes client.
package tokenreview

import (
	"context"
	"fmt"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	authentication "k8s.io/client-go/kubernetes/typed/authentication/v1"

	"flashcrowd.io/flashcrowd/internal/topology"
)

const (
	podNameExtra = "authentication.kubernetes.io/pod-name"
	userPrefix   = "system:serviceaccount:"
)

// Reviewer reviews tokens through the API server.
type Reviewer struct {
	reviews  authentication.TokenReviewInterface
	audience string
}

var _ topology.Reviewer = Reviewer{}

// New accepts tokens of one audience.
func New(reviews authentication.TokenReviewInterface, audience string) Reviewer {
	return Reviewer{reviews: reviews, audience: audience}
}

// Review names the pod that a token is bound to. A token that the API server
// does not accept for the audience, or that no pod holds, is
// topology.ErrUnauthenticated; any other error means the API is away.
func (r Reviewer) Review(ctx context.Context, token string) (topology.Identity, error) {
	review, err := r.reviews.Create(ctx, &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: []string{r.audience}},
	}, metav1.CreateOptions{})
	if err != nil {
		return topology.Identity{}, fmt.Errorf("reviewing a token: %w", err)
	}
	return r.identity(review.Status)
}

// identity reads the answer of the API server.
func (r Reviewer) identity(status authenticationv1.TokenReviewStatus) (topology.Identity, error) {
	if !status.Authenticated || !slices.Contains(status.Audiences, r.audience) {
		return topology.Identity{}, topology.ErrUnauthenticated
	}
	namespace, ok := namespaceOf(status.User.Username)
	pods := status.User.Extra[podNameExtra]
	if !ok || len(pods) != 1 {
		return topology.Identity{}, topology.ErrUnauthenticated
	}
	return topology.Identity{Namespace: namespace, Pod: pods[0]}, nil
}
