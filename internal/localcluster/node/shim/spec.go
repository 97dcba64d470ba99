// Package shim turns a fresh process into a container: re-executed by the node
// agent inside new mount, PID, UTS and IPC namespaces, it builds a minimal
// root, takes the container's identity and executes its command. It also runs
// further commands inside a container, for hooks and probes. It lives apart from the agent so that nothing but the kernel calls it needs is near.
package shim

// Arg0 is the argv[0] that makes an executable which calls Main the shim.
const Arg0 = "flashcrowd-container"

// File descriptors the agent hands to the shim.
const (
	specFD     = 3 // JSON of Spec, read until its end
	lifelineFD = 4 // hangs up when the agent is gone
	statusFD   = 5 // what went wrong, or nothing when the command was executed
)

// Spec is all the shim needs to become one container.
type Spec struct {
	// Root is an empty directory of the host over which the root is mounted.
	Root string
	// Dirs are made in the root, each with its mode.
	Dirs []Dir
	// Links are symbolic links made in the root.
	Links []Link
	// Mounts are bound into the root in order.
	Mounts []Mount
	// ReadOnlyRoot forbids writes outside the writable mounts.
	ReadOnlyRoot bool
	Hostname     string

	// Argv is the command; its first word is looked up in the PATH of Env.
	Argv       []string
	Env        []string
	WorkingDir string

	Identity Identity

	// Join is the first process of a container that runs: the command runs inside
	// it, no root is built, and the shim ends with the command's exit code.
	Join int
}

// Identity is who the command runs as.
type Identity struct {
	// Mapped says that the user namespace already made the process who it
	// should be, so that no identity is changed.
	Mapped bool
	UID    int
	GID    int
	Groups []int
	// Capabilities are kept, by number; all others leave the bounding set.
	Capabilities []int
	NoNewPrivs   bool
}

// Dir is a directory of the root.
type Dir struct {
	Path string
	Mode uint32
}

// Link is a symbolic link of the root.
type Link struct {
	Target string
	Path   string
}

// Mount binds a file or directory of the host, with symbolic links resolved,
// at a path of the container.
type Mount struct {
	Source   string
	Target   string
	ReadOnly bool
}
