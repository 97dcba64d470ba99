package history

import (
	"context"

	"flashcrowd.io/flashcrowd/internal/report"
)

// maxCompared is how many of the newest runs repetitions are looked for among.
const maxCompared = 1000

// Reports are those of the newest runs of a namespace, each with its UID.
func (s *Store) Reports(ctx context.Context, namespace string) ([]report.Identified, error) {
	rows, err := s.runs(ctx, "WHERE s.namespace = $1 ORDER BY s.created_at DESC, s.id DESC LIMIT $2", namespace, maxCompared)
	if err != nil {
		return nil, err
	}
	all := make([]report.Identified, 0, len(rows))
	for _, row := range rows {
		told, err := row.Told()
		if err != nil {
			return nil, err
		}
		all = append(all, report.Identified{ID: row.ID, Report: told})
	}
	return all, nil
}
