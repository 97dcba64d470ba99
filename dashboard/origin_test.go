package dashboard

import (
	"net/http"
	"strings"
	"testing"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// TestWhoMayOpenAFeed is the matrix of hosts, origins and credentials.
func TestWhoMayOpenAFeed(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.AllowedOrigins = []string{"https://portal.example.org"} })
	own, cookie := h.web.URL, h.cookie("jane")
	tests := map[string]struct {
		headers map[string]string
		want    int
	}{
		"our page with its cookie":          {map[string]string{"Origin": own, "Cookie": cookie}, 101},
		"a program with a token":            {map[string]string{"Authorization": "Bearer jane"}, 101},
		"an allowed page with a token":      {map[string]string{"Origin": "https://portal.example.org", "Authorization": "Bearer jane"}, 101},
		"another page with the cookie":      {map[string]string{"Origin": "http://evil.example.org", "Cookie": cookie}, 403},
		"another page with a token":         {map[string]string{"Origin": "http://evil.example.org", "Authorization": "Bearer jane"}, 403},
		"a sandboxed page":                  {map[string]string{"Origin": "null", "Cookie": cookie}, 403},
		"a cookie without a page":           {map[string]string{"Cookie": cookie}, 403},
		"another scheme":                    {map[string]string{"Origin": strings.Replace(own, "http:", "https:", 1), "Cookie": cookie}, 403},
		"another port":                      {map[string]string{"Origin": "http://127.0.0.1:1", "Cookie": cookie}, 403},
		"a rebound name":                    {map[string]string{"Host": "evil.example.org", "Origin": "http://evil.example.org", "Cookie": cookie}, 421},
		"nobody":                            {nil, 401},
		"a wrong token":                     {map[string]string{"Authorization": "Bearer mallory"}, 401},
		"our page with a cookie of nowhere": {map[string]string{"Origin": own, "Cookie": cookieName + "=nothing"}, 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, got := h.dial("default/run", tt.headers); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestWhoMayCommand(t *testing.T) {
	h := newHouse(t)
	own, cookie := h.web.URL, h.cookie("jane")
	tests := map[string]struct {
		method, path string
		headers      map[string]string
		want         int
	}{
		"our page reads":                 {http.MethodGet, "/api/session", map[string]string{"Cookie": cookie}, 200},
		"a program reads":                {http.MethodGet, "/api/session", map[string]string{"Authorization": "Bearer jane"}, 200},
		"nobody reads":                   {http.MethodGet, "/api/session", nil, 401},
		"a wrong token reads":            {http.MethodGet, "/api/simulations", map[string]string{"Authorization": "Bearer mallory"}, 401},
		"another page commands":          {http.MethodPost, "/api/logout", map[string]string{"Cookie": cookie, "Origin": "http://evil.example.org"}, 403},
		"a page on another port":         {http.MethodPost, "/api/logout", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-site"}, 403},
		"a sandboxed page commands":      {http.MethodPost, "/api/logout", map[string]string{"Cookie": cookie, "Origin": "null"}, 403},
		"a rebound name reads":           {http.MethodGet, "/api/session", map[string]string{"Host": "evil.example.org", "Cookie": cookie}, 421},
		"an allowed name reads":          {http.MethodGet, "/api/session", map[string]string{"Host": "dash.example.org:8080", "Cookie": cookie}, 200},
		"a run of another's namespace":   {http.MethodGet, "/api/simulation/secret%2Frun", map[string]string{"Cookie": cookie}, 403},
		"a run that is not there":        {http.MethodGet, "/api/simulation/default%2Fnone", map[string]string{"Cookie": cookie}, 404},
		"a run by its name":              {http.MethodGet, "/api/simulation/default%2Frun", map[string]string{"Cookie": cookie}, 200},
		"a run by its uid":               {http.MethodGet, "/api/simulation/run-in-default", map[string]string{"Cookie": cookie}, 200},
		"stopping in a secret namespace": {http.MethodDelete, "/api/simulation/secret%2Frun", map[string]string{"Cookie": cookie, "Origin": own}, 403},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			response := h.ask(tt.method, tt.path, "", tt.headers)
			if response.StatusCode != tt.want {
				t.Errorf("%s, want %d", response.Status, tt.want)
			}
			if tt.want >= 400 && tt.want != 403 && response.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("a refusal as %s", response.Header.Get("Content-Type"))
			}
		})
	}
}

func TestNoListNamesARunOfAnotherNamespace(t *testing.T) {
	h := newHouse(t)
	list := read[wire.RunList](t, h.ask(http.MethodGet, "/api/simulations", "", map[string]string{"Authorization": "Bearer jane"}))
	if len(list.Items) != 1 || list.Items[0].Namespace != "default" {
		t.Errorf("listed: %+v", list.Items)
	}
}

func TestATicketBecomesACookieOnce(t *testing.T) {
	h := newHouse(t)
	ticket := read[wire.Ticket](t, h.ask(http.MethodPost, "/api/ticket", "", map[string]string{"Authorization": "Bearer jane"}))
	path := "/login?next=%2Fruns%2Fa%252Fb&ticket=" + ticket.Ticket
	response := h.ask(http.MethodGet, path, "", nil)
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/runs/a%2Fb" {
		t.Fatalf("%s to %q", response.Status, response.Header.Get("Location"))
	}
	cookie := response.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Value == "jane" {
		t.Errorf("cookie %+v", cookie)
	}
	session := read[wire.Session](t, h.ask(http.MethodGet, "/api/session", "", map[string]string{"Cookie": cookie.Name + "=" + cookie.Value}))
	if session.User != "jane" || session.Mode != "Local" || len(session.Access) != len(buttons) || !session.Access[0].Allowed {
		t.Errorf("session %+v", session)
	}
	if again := h.ask(http.MethodGet, path, "", nil); again.StatusCode != http.StatusUnauthorized {
		t.Errorf("the ticket again: %s", again.Status)
	}
}

func TestAButtonThatMayNotBePressedSaysWhy(t *testing.T) {
	h := newHouse(t)
	session := read[wire.Session](t, h.ask(http.MethodGet, "/api/session?namespace=secret", "", map[string]string{"Authorization": "Bearer jane"}))
	for _, one := range session.Access {
		if one.Allowed || !strings.Contains(one.Reason, "jane may not "+one.Action) {
			t.Errorf("%+v", one)
		}
	}
}

func TestALinkLeadsToThisServerOnly(t *testing.T) {
	for next, want := range map[string]string{
		"": "/", "/runs/x": "/runs/x", "//evil.example.org": "/", "https://evil.example.org": "/", `/\evil.example.org`: "/", "/a\r\nSet-Cookie: x": "/",
	} {
		if got := ownPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}
