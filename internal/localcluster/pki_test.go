package localcluster

import (
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func parseCertificate(t *testing.T, pair keyPair) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(pair.cert)
	if block == nil {
		t.Fatal("the certificate is not PEM")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestAuthorityIsKeptUntilHalfItsLifeHasPassed(t *testing.T) {
	dir := t.TempDir()
	first, err := loadAuthority(dir, newYear)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		after time.Duration
		same  bool
	}{
		"a day later":                 {24 * time.Hour, true},
		"just before half of it":      {certificateLife/2 - time.Minute, true},
		"just after half of its life": {certificateLife/2 + time.Minute, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := first.pair.write(dir, "ca"); err != nil {
				t.Fatal(err)
			}
			again, err := loadAuthority(dir, newYear.Add(tt.after))
			if err != nil {
				t.Fatal(err)
			}
			if same := again.parsed.Equal(first.parsed); same != tt.same {
				t.Errorf("same authority %v, want %v", same, tt.same)
			}
		})
	}
}

func TestIssuedCertificates(t *testing.T) {
	a, err := newAuthority(newYear)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.parsed)
	for file, who := range identities() {
		t.Run(file, func(t *testing.T) {
			pair, err := a.issue(who, newYear)
			if err != nil {
				t.Fatal(err)
			}
			cert := parseCertificate(t, pair)
			usage := x509.ExtKeyUsageClientAuth
			if len(who.hosts) > 0 {
				usage = x509.ExtKeyUsageServerAuth
			}
			if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: newYear, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
				t.Error(err)
			}
			if cert.Subject.CommonName != who.name || !slices.Equal(cert.Subject.Organization, who.organizations) {
				t.Errorf("subject %v, want %s in %v", cert.Subject, who.name, who.organizations)
			}
			for _, host := range who.hosts {
				if err := cert.VerifyHostname(host); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestOnlyTheAdministratorIsMaster(t *testing.T) {
	for _, name := range withKubeconfig {
		masters := slices.Contains(identities()[name].organizations, "system:masters")
		if masters != (name == adminName) {
			t.Errorf("%s in system:masters: %v", name, masters)
		}
	}
}

func TestKubeconfigsAreWhole(t *testing.T) {
	l := layout{dir: t.TempDir()}
	if err := l.make(); err != nil {
		t.Fatal(err)
	}
	if err := l.prepareIdentities("https://127.0.0.1:6443", newYear); err != nil {
		t.Fatal(err)
	}
	for _, name := range withKubeconfig {
		config, err := clientcmd.LoadFromFile(l.kubeconfig(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := clientcmd.ConfirmUsable(*config, config.CurrentContext); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSigningKeyIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if err := ensureSigningKey(dir, newYear); err != nil {
			t.Fatal(err)
		}
	}
	first, err := readPair(dir, signingKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := ensureSigningKey(dir, newYear.Add(certificateLife)); err != nil {
		t.Fatal(err)
	}
	again, err := readPair(dir, signingKey)
	if err != nil {
		t.Fatal(err)
	}
	if string(first.key) != string(again.key) {
		t.Error("the signing key changed: tokens of running pods would stop holding")
	}
}
