package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
)

// cluster knows one token, prometheus's, and lets it get /metrics.
func cluster(away error) guard {
	return guard{
		authenticate: func(_ context.Context, r *authenticationv1.TokenReview) (*authenticationv1.TokenReview, error) {
			r.Status.Authenticated = r.Spec.Token == "prometheus" || r.Spec.Token == "stranger"
			r.Status.User.Username = r.Spec.Token
			return r, away
		},
		authorize: func(_ context.Context, r *authorizationv1.SubjectAccessReview) (*authorizationv1.SubjectAccessReview, error) {
			asked := r.Spec.NonResourceAttributes
			r.Status.Allowed = r.Spec.User == "prometheus" && asked.Path == "/metrics" && asked.Verb == "get"
			return r, away
		},
	}
}

func TestMetricsAreForThoseWhomTheClusterAllows(t *testing.T) {
	tests := map[string]struct {
		method, authorization string
		away                  error
		want                  int
	}{
		"no token":               {"GET", "", nil, http.StatusUnauthorized},
		"an empty token":         {"GET", "Bearer ", nil, http.StatusUnauthorized},
		"a password":             {"GET", "Basic prometheus", nil, http.StatusUnauthorized},
		"an unknown token":       {"GET", "Bearer forged", nil, http.StatusUnauthorized},
		"somebody without right": {"GET", "Bearer stranger", nil, http.StatusForbidden},
		"another verb":           {"POST", "Bearer prometheus", nil, http.StatusForbidden},
		"the scraper":            {"GET", "Bearer prometheus", nil, http.StatusOK},
		"an API that is away":    {"GET", "Bearer prometheus", errors.New("away"), http.StatusInternalServerError},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			handler, err := cluster(tt.away).around(logr.Discard(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			if err != nil {
				t.Fatal(err)
			}
			request := httptest.NewRequest(tt.method, "/metrics", nil)
			request.Header.Set("Authorization", tt.authorization)
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)
			if answer.Code != tt.want {
				t.Errorf("status %d, want %d", answer.Code, tt.want)
			}
		})
	}
}
