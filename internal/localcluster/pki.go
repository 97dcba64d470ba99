package localcluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificateLife is how long the certificates of a local cluster hold; they
// are made anew at each start that finds less than half of it left.
const certificateLife = 365 * 24 * time.Hour

// keyPair is a certificate and its key, in PEM.
type keyPair struct{ cert, key []byte }

// authority signs certificates; it lives in the cluster's directory.
type authority struct {
	pair   keyPair
	parsed *x509.Certificate
	key    crypto.Signer
}

// identity is whom a certificate speaks for: Organizations are Kubernetes groups.
type identity struct {
	name          string
	organizations []string
	// hosts makes it a serving certificate for these names and addresses.
	hosts []string
}

// loadAuthority reads the authority in dir, or makes one if there is none or
// it has lived half its life.
func loadAuthority(dir string, now time.Time) (*authority, error) {
	a, err := readAuthority(dir)
	switch {
	case err == nil && now.Add(certificateLife/2).Before(a.parsed.NotAfter):
		return a, nil
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("reading the certificate authority: %w", err)
	}
	a, err = newAuthority(now)
	if err != nil {
		return nil, err
	}
	return a, a.pair.write(dir, "ca")
}

func readAuthority(dir string) (*authority, error) {
	pair, err := readPair(dir, "ca")
	if err != nil {
		return nil, err
	}
	return parseAuthority(pair)
}

func parseAuthority(pair keyPair) (*authority, error) {
	certBlock, _ := pem.Decode(pair.cert)
	keyBlock, _ := pem.Decode(pair.key)
	if certBlock == nil || keyBlock == nil {
		return nil, errors.New("the certificate or its key is not PEM")
	}
	parsed, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, err
	}
	return &authority{pair: pair, parsed: parsed, key: key}, nil
}

func newAuthority(now time.Time) (*authority, error) {
	template := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "flashcrowd-local"},
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:     true, BasicConstraintsValid: true,
	}
	pair, err := sign(template, nil, now)
	if err != nil {
		return nil, err
	}
	return parseAuthority(pair)
}

// issue makes a certificate for who, for clients and, with hosts, for servers.
func (a *authority) issue(who identity, now time.Time) (keyPair, error) {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: who.name, Organization: who.organizations},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, host := range who.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if len(who.hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	return sign(template, a, now)
}

// sign makes a key and its certificate; without an issuer it signs itself.
func sign(template *x509.Certificate, issuer *authority, now time.Time) (keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keyPair{}, fmt.Errorf("making a key: %w", err)
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return keyPair{}, fmt.Errorf("drawing a serial number: %w", err)
	}
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(certificateLife)
	parent, signer := template, crypto.Signer(key)
	if issuer != nil {
		parent, signer = issuer.parsed, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return keyPair{}, fmt.Errorf("signing the certificate of %s: %w", template.Subject.CommonName, err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return keyPair{}, fmt.Errorf("encoding a key: %w", err)
	}
	return keyPair{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}),
	}, nil
}

func certFile(dir, name string) string { return filepath.Join(dir, name+".crt") }
func keyFile(dir, name string) string  { return filepath.Join(dir, name+".key") }

func (p keyPair) write(dir, name string) error {
	if err := os.WriteFile(keyFile(dir, name), p.key, 0o600); err != nil {
		return fmt.Errorf("writing the key of %s: %w", name, err)
	}
	if err := os.WriteFile(certFile(dir, name), p.cert, 0o600); err != nil {
		return fmt.Errorf("writing the certificate of %s: %w", name, err)
	}
	return nil
}

func readPair(dir, name string) (keyPair, error) {
	cert, err := os.ReadFile(certFile(dir, name))
	if err != nil {
		return keyPair{}, err
	}
	key, err := os.ReadFile(keyFile(dir, name))
	return keyPair{cert: cert, key: key}, err
}

// ensureSigningKey makes the key that signs service-account tokens, once: tokens
// of an earlier start must go on holding.
func ensureSigningKey(dir string, now time.Time) error {
	if _, err := readPair(dir, signingKey); err == nil {
		return nil
	}
	pair, err := sign(&x509.Certificate{Subject: pkix.Name{CommonName: "service-accounts"}}, nil, now)
	if err != nil {
		return err
	}
	return pair.write(dir, signingKey)
}
