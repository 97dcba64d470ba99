package localcluster

import "context"

func (s *Supervisor) runNode(ctx context.Context, l layout, p ports) error {
	<-ctx.Done()
	return ctx.Err()
}
