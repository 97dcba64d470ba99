package tokenreview

import (
	"errors"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"

	"flashcrowd.io/flashcrowd/internal/topology"
)

func TestIdentity(t *testing.T) {
	good := func(change func(*authenticationv1.TokenReviewStatus)) authenticationv1.TokenReviewStatus {
		status := authenticationv1.TokenReviewStatus{
			Authenticated: true,
			Audiences:     []string{"ours"},
			User: authenticationv1.UserInfo{
				Username: "system:serviceaccount:shop:workload",
				Extra:    map[string]authenticationv1.ExtraValue{podNameExtra: {"web-1"}},
			},
		}
		change(&status)
		return status
	}
	tests := map[string]struct {
		change func(*authenticationv1.TokenReviewStatus)
		want   error
	}{
		"a pod's token":           {func(*authenticationv1.TokenReviewStatus) {}, nil},
		"not authenticated":       {func(s *authenticationv1.TokenReviewStatus) { s.Authenticated = false }, topology.ErrUnauthenticated},
		"another audience":        {func(s *authenticationv1.TokenReviewStatus) { s.Audiences = []string{"kubernetes"} }, topology.ErrUnauthenticated},
		"no audience at all":      {func(s *authenticationv1.TokenReviewStatus) { s.Audiences = nil }, topology.ErrUnauthenticated},
		"a person":                {func(s *authenticationv1.TokenReviewStatus) { s.User.Username = "kubernetes-admin" }, topology.ErrUnauthenticated},
		"an account without name": {func(s *authenticationv1.TokenReviewStatus) { s.User.Username = "system:serviceaccount:shop" }, topology.ErrUnauthenticated},
		"a token no pod is bound": {func(s *authenticationv1.TokenReviewStatus) { s.User.Extra = nil }, topology.ErrUnauthenticated},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := New(nil, "ours").identity(good(tt.change))
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if want := (topology.Identity{Namespace: "shop", Pod: "web-1"}); err == nil && got != want {
				t.Errorf("identity %+v, want %+v", got, want)
			}
		})
	}
}
