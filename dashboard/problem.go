package dashboard

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/dashboard/access"
	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/metrics"
)

// problem is an error as a client sees it (RFC 9457). What the API server says of
// an object is passed on in its own words, field by field.
func problem(err error) error {
	if told, ok := errors.AsType[huma.StatusError](err); ok {
		return told
	}
	switch {
	case errors.Is(err, access.ErrUnauthenticated):
		return huma.Error401Unauthorized("you are not signed in, or no longer: open the URL that flashcrowd dashboard prints, or send a bearer token")
	case errors.Is(err, runs.ErrNotFound):
		return huma.Error404NotFound(err.Error())
	case errors.Is(err, errHistoryAway):
		return huma.Error503ServiceUnavailable(words(err))
	case errors.Is(err, metrics.ErrUnavailable):
		return huma.Error503ServiceUnavailable("the metrics source does not answer: " + err.Error())
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return refused(status.Status())
	}
	return huma.Error503ServiceUnavailable("the control plane is unreachable: what runs keeps running; try again in a moment")
}

// refused is what the API server refused, with the fields that it named.
func refused(status metav1.Status) error {
	code := int(status.Code)
	if code < 400 {
		code = http.StatusInternalServerError
	}
	model := &huma.ErrorModel{Status: code, Title: http.StatusText(code), Detail: status.Message}
	if status.Details != nil {
		for _, cause := range status.Details.Causes {
			model.Errors = append(model.Errors, &huma.ErrorDetail{Location: location(cause.Field), Message: cause.Message})
		}
	}
	return model
}

// location of a field in a body; the API server writes <nil> for the whole.
func location(field string) string {
	if field == "" || field == "<nil>" {
		return "body"
	}
	return "body." + field
}

// writeProblem answers outside of an operation.
func writeProblem(w http.ResponseWriter, err error) {
	told, ok := errors.AsType[huma.StatusError](problem(err))
	if !ok {
		told = huma.Error500InternalServerError("the server failed")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(told.GetStatus())
	_ = json.NewEncoder(w).Encode(told) // a client that left reads nothing
}

// words are the first line of an error that a person may read.
func words(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// forbidden reports whether an error says that the caller may not.
func forbidden(err error) bool {
	told, ok := errors.AsType[huma.StatusError](err)
	return ok && told.GetStatus() == http.StatusForbidden
}
