package dashboard

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"flashcrowd.io/flashcrowd/dashboard/access"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// buttons are the actions that a page asks about, so that it shows what may not
// be done as such.
var buttons = []access.Question{
	{Verb: "create", Resource: simulations}, {Verb: "patch", Resource: simulations}, {Verb: "delete", Resource: simulations},
	{Verb: "create", Resource: componentGraphs}, {Verb: "update", Resource: componentGraphs}, {Verb: "delete", Resource: componentGraphs},
}

// The kinds as Kubernetes names them in paths.
const (
	simulations     = "simulations"
	componentGraphs = "componentgraphs"
)

type sessionQuery struct {
	Namespace string `query:"namespace" maxLength:"63" doc:"namespace that access is told for; the session's if left out"`
}

func (s *Server) registerSession(api huma.API) {
	get(api, "/api/session", "getSession", "Who asks, and what they may do", s.session)
}

func (s *Server) session(ctx context.Context, in *sessionQuery) (wire.Session, error) {
	namespace := in.Namespace
	if namespace == "" {
		namespace = s.o.Namespace
	}
	caller := callerOf(ctx)
	session := wire.Session{User: caller.Name, Mode: string(s.o.Mode), Namespace: namespace, Access: []wire.Access{}, Server: s.o.Version}
	for _, question := range buttons {
		question.Namespace = namespace
		verdict, err := s.o.Authority.Allowed(ctx, caller, question)
		if err != nil {
			verdict = access.Verdict{Reason: "the control plane is unreachable: whether you may do this is not known"}
		}
		session.Access = append(session.Access, wire.Access{Action: question.String(), Allowed: verdict.Allowed, Reason: verdict.Reason})
	}
	return session, nil
}
