//go:build !page

package dashboard

import "io/fs"

// Page is nil: this binary was built without the page.
func Page() (fs.FS, error) { return nil, nil }
