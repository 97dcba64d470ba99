package shim

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// assume makes the process who its command shall run as. Only the calling
// thread changes: it is the one that executes the command.
func assume(id Identity) error {
	if err := dropBounding(id.Capabilities); err != nil {
		return err
	}
	if !id.Mapped {
		if err := changeUser(id); err != nil {
			return err
		}
	}
	if err := setCapabilities(id); err != nil {
		return err
	}
	if id.NoNewPrivs {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("forbidding new privileges: %w", err)
		}
	}
	return nil
}

func changeUser(id Identity) error {
	if err := unix.Setgroups(id.Groups); err != nil {
		return fmt.Errorf("setting groups: %w", err)
	}
	if err := unix.Setresgid(id.GID, id.GID, id.GID); err != nil {
		return fmt.Errorf("setting group %d: %w", id.GID, err)
	}
	if err := unix.Setresuid(id.UID, id.UID, id.UID); err != nil {
		return fmt.Errorf("setting user %d: %w", id.UID, err)
	}
	return nil
}

func dropBounding(keep []int) error {
	for c := range unix.CAP_LAST_CAP + 1 {
		if slices.Contains(keep, c) {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil && err != unix.EINVAL {
			return fmt.Errorf("dropping capability %d: %w", c, err)
		}
	}
	return nil
}

// setCapabilities leaves root with what is kept; any other user has none after
// the change of user, but inside a user namespace the ambient ones that built
// the root must go too.
func setCapabilities(id Identity) error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("clearing ambient capabilities: %w", err)
	}
	var data [2]unix.CapUserData
	if id.UID == 0 {
		var have [2]unix.CapUserData
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		if err := unix.Capget(&header, &have[0]); err != nil {
			return fmt.Errorf("reading capabilities: %w", err)
		}
		for _, c := range id.Capabilities {
			data[c/32].Permitted |= have[c/32].Permitted & (1 << (c % 32))
		}
		for i := range data {
			data[i].Effective = data[i].Permitted
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capset(&header, &data[0]); err != nil {
		return fmt.Errorf("setting capabilities: %w", err)
	}
	return nil
}
