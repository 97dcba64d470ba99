package node

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"

	"golang.org/x/net/dns/dnsmessage"
)

// domain of the cluster.
const domain = ".svc.cluster.local."

// serveDNS answers for Services until ctx ends: every Service as if it were
// headless, with the addresses of its ready pods. Other names do not exist.
func (a *Agent) serveDNS(ctx context.Context) error {
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(ctx, "udp", netip.AddrPortFrom(a.addresses.dns(), 53).String())
	if err != nil {
		return fmt.Errorf("listening for DNS: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	buffer := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		if answer, err := a.answer(buffer[:n]); err == nil {
			_, _ = conn.WriteTo(answer, from)
		}
	}
}

// answer builds the answer to one message.
func (a *Agent) answer(message []byte) ([]byte, error) {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil {
		return nil, err
	}
	question, err := p.Question()
	if err != nil {
		return nil, err
	}
	known, addresses := a.lookup(question.Name.String())
	header.Response, header.Authoritative, header.RecursionAvailable = true, true, true
	if !known {
		header.RCode = dnsmessage.RCodeNameError
	}
	b := dnsmessage.NewBuilder(nil, header)
	b.EnableCompression()
	if err := b.StartQuestions(); err != nil {
		return nil, err
	}
	if err := b.Question(question); err != nil {
		return nil, err
	}
	if err := b.StartAnswers(); err != nil {
		return nil, err
	}
	if question.Type == dnsmessage.TypeA {
		for _, address := range addresses {
			record := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 1}
			if err := b.AResource(record, dnsmessage.AResource{A: address.As4()}); err != nil {
				return nil, err
			}
		}
	}
	return b.Finish()
}

// lookup finds the ready addresses behind a name like topology.flashcrowd-system.svc.cluster.local.
func (a *Agent) lookup(name string) (known bool, addresses []netip.Addr) {
	rest, ok := strings.CutSuffix(strings.ToLower(name), domain)
	service, namespace, found := strings.Cut(rest, ".")
	if !ok || !found || strings.Contains(namespace, ".") {
		return false, nil
	}
	if _, exists, err := a.services.GetStore().GetByKey(namespace + "/" + service); err != nil || !exists {
		return false, nil
	}
	for _, o := range a.slices.GetStore().List() {
		slice, ok := o.(*discoveryv1.EndpointSlice)
		if !ok || slice.Namespace != namespace || slice.Labels[discoveryv1.LabelServiceName] != service {
			continue
		}
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready != nil && !*e.Conditions.Ready {
				continue
			}
			for _, text := range e.Addresses {
				if address, err := netip.ParseAddr(text); err == nil && address.Is4() {
					addresses = append(addresses, address)
				}
			}
		}
	}
	return true, addresses
}
