package dashboard

import (
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"flashcrowd.io/flashcrowd/dashboard/access"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// maxLogin bounds the body of a login.
const maxLogin = 32 << 10

// loginPage asks for a token where no ticket was brought.
var loginPage = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Flashcrowd: sign in</title>
<body>
<h1>Flashcrowd</h1>
{{with .}}<p role="alert">{{.}}</p>{{end}}
<p>On your own machine, open the URL that <code>flashcrowd dashboard</code> prints. In a cluster, paste a token, such as
the one of <code>kubectl create token NAME</code>; the dashboard then does what its holder may do.</p>
<form method="post" action="/login">
<label>Bearer token <input name="token" type="password" autocomplete="off" required></label>
<button>Sign in</button>
</form>
`))

// registerSessions adds what signs browsers in and out.
func (s *Server) registerSessions(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", s.redeem)
	mux.HandleFunc("POST /login", s.loginByForm)
	mux.HandleFunc("POST /api/login", s.loginByToken)
	mux.HandleFunc("POST /api/logout", s.logout)
	mux.Handle("POST /api/ticket", s.identified(http.HandlerFunc(s.issue)))
}

// redeem signs in by a ticket, or shows the form.
func (s *Server) redeem(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	if ticket == "" {
		showLogin(w, http.StatusOK, "")
		return
	}
	session, ok := s.sessions.Redeem(ticket)
	if !ok {
		showLogin(w, http.StatusUnauthorized, "This link has been used or is too old. Get a new one with: flashcrowd dashboard")
		return
	}
	remember(w, r, session)
	http.Redirect(w, r, ownPath(r.URL.Query().Get("next")), http.StatusSeeOther) //nolint:gosec // ownPath leads to this server only
}

// ownPath is a path of this server, whatever a link says.
func ownPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n") {
		return "/"
	}
	return next
}

func showLogin(w http.ResponseWriter, status int, notice string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = loginPage.Execute(w, notice) // a client that left reads nothing
}

func (s *Server) loginByForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLogin)
	token := strings.TrimSpace(r.PostFormValue("token"))
	if _, err := s.o.Authority.Authenticate(r.Context(), token); err != nil {
		showLogin(w, http.StatusUnauthorized, "That token was not accepted: "+words(err)+".")
		return
	}
	remember(w, r, s.sessions.Begin(token))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) loginByToken(w http.ResponseWriter, r *http.Request) {
	var login wire.LoginRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLogin)).Decode(&login); err != nil {
		writeProblem(w, huma.Error400BadRequest(`write {"token": "..."}`))
		return
	}
	if _, err := s.o.Authority.Authenticate(r.Context(), login.Token); err != nil {
		writeProblem(w, err)
		return
	}
	remember(w, r, s.sessions.Begin(login.Token))
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		s.sessions.End(cookie.Value)
	}
	setCookie(w, r, "", -1)
	w.WriteHeader(http.StatusNoContent)
}

// issue makes a ticket for the caller, whose token the browser never sees.
func (s *Server) issue(w http.ResponseWriter, r *http.Request) {
	ticket := wire.Ticket{Ticket: s.sessions.Issue(callerOf(r.Context()).Token), ExpiresInSeconds: int32(access.TicketLife.Seconds())}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(ticket) // a client that left reads nothing
}

func remember(w http.ResponseWriter, r *http.Request, session string) {
	setCookie(w, r, session, int(access.SessionLife.Seconds()))
}

// setCookie is for this server and its own pages; where there is no TLS, as on the
// loopback, a browser would not take a secure one.
func setCookie(w http.ResponseWriter, r *http.Request, session string, seconds int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // secure wherever the page is
		Name: cookieName, Value: session, Path: "/", MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	})
}
