package tokenreview

import "strings"

// namespaceOf is the namespace in system:serviceaccount:NAMESPACE:NAME.
func namespaceOf(username string) (string, bool) {
	rest, ok := strings.CutPrefix(username, userPrefix)
	if !ok {
		return "", false
	}
	namespace, name, ok := strings.Cut(rest, ":")
	return namespace, ok && namespace != "" && name != ""
}
