package dashboard

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"flashcrowd.io/flashcrowd/dashboard/access"
)

// cookieName of a browser's session.
const cookieName = "flashcrowd_session"

type callerKey struct{}

// callerOf is who asks; every operation below /api has one.
func callerOf(ctx context.Context) access.Caller {
	caller, _ := ctx.Value(callerKey{}).(access.Caller)
	return caller
}

// token is what a request brings: a bearer token, or a session's.
func (s *Server) token(r *http.Request) (token string, byCookie bool) {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return bearer, false
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", false
	}
	token, ok := s.sessions.Token(cookie.Value)
	return token, ok
}

// identified lets a request through that Kubernetes knows the sender of.
func (s *Server) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := s.token(r)
		caller, err := s.o.Authority.Authenticate(r.Context(), token)
		if err != nil {
			writeProblem(w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
	})
}

// permit asks whether the caller may do something.
func (s *Server) permit(ctx context.Context, verb, resource, namespace string) error {
	verdict, err := s.o.Authority.Allowed(ctx, callerOf(ctx), access.Question{Verb: verb, Resource: resource, Namespace: namespace})
	if err != nil {
		return err
	}
	if !verdict.Allowed {
		return huma.Error403Forbidden(verdict.Reason)
	}
	return nil
}

// addressed lets a request through that was meant for this server: a name that
// somebody else resolves to our address is not one of ours.
func (s *Server) addressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownHost(r.Host, s.o.AllowedHosts) {
			writeProblem(w, huma.Error421MisdirectedRequest("this server does not answer to the name "+r.Host+": allow it with --allowed-hosts"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownHost reports whether a Host header is ours: an address cannot be rebound,
// localhost is this machine, and any other name is one of the allowed.
func ownHost(header string, allowed []string) bool {
	host := header
	if name, _, err := net.SplitHostPort(header); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "localhost" || slices.Contains(allowed, host)
}

// ownOrigin reports whether a page that sends a request is one that this server
// sent, or one that is allowed to. A request without an origin comes from no page.
func (s *Server) ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if slices.Contains(s.o.AllowedOrigins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return u.Host == r.Host && u.Scheme == scheme
}
