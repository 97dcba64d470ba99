package localcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// localUser is who opens the dashboard of a local cluster.
const localUser = "flashcrowd-user"

// signedIn is how long one sign-in holds.
const signedIn = 24 * time.Hour

// DashboardLink is a link that signs one browser in, once, and leads to a path. It
// waits for the dashboard to answer until ctx ends. The credential itself stays
// between this program and the dashboard.
func (c Cluster) DashboardLink(ctx context.Context, path string) (string, error) {
	st, err := c.l.readState()
	if err != nil {
		return "", err
	}
	token, err := c.userToken(ctx)
	if err != nil {
		return "", err
	}
	base := "http://" + address(st.Ports.Dashboard)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ticket, err := exchange(ctx, base, token)
		if err == nil {
			return base + "/login?" + url.Values{"ticket": {ticket}, "next": {path}}.Encode(), nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for the dashboard at %s: %w", base, err)
		case <-tick.C:
		}
	}
}

// userToken is a new token of the local user.
func (c Cluster) userToken(ctx context.Context) (string, error) {
	config, err := c.l.adminConfig()
	if err != nil {
		return "", err
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", fmt.Errorf("making a client: %w", err)
	}
	seconds := int64(signedIn.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	made, err := clients.CoreV1().ServiceAccounts(metav1.NamespaceDefault).CreateToken(ctx, localUser, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("making a token for the dashboard's user: %w", err)
	}
	return made.Status.Token, nil
}

// exchange gives a token for a ticket.
func exchange(ctx context.Context, base, token string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/ticket", http.NoBody)
	if err != nil {
		return "", fmt.Errorf("asking for a ticket: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking for a ticket: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("asking for a ticket: the dashboard answered %s", response.Status)
	}
	var ticket wire.Ticket
	if err := json.NewDecoder(io.LimitReader(response.Body, 4096)).Decode(&ticket); err != nil {
		return "", fmt.Errorf("reading the ticket: %w", err)
	}
	return ticket.Ticket, nil
}
