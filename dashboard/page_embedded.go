//go:build page

package dashboard

import (
	"embed"
	"io/fs"
)

//go:embed all:ui/dist
var built embed.FS

// Page is the page that this binary was built with.
func Page() (fs.FS, error) { return fs.Sub(built, "ui/dist") }
