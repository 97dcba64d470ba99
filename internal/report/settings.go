package report

import (
	"fmt"
	"strconv"
	"strings"
)

// AddSettings adds the fields of a decoded JSON value by their paths. Items of a
// list are known by their name, or by from and to, so that an item that was put
// in front does not make all others differ.
func AddSettings(settings map[string]string, path string, value any) {
	switch v := value.(type) {
	case nil:
	case map[string]any:
		for key, field := range v {
			AddSettings(settings, path+"."+key, field)
		}
	case []any:
		for i, item := range v {
			AddSettings(settings, path+"["+itemKey(i, item)+"]", item)
		}
	case float64:
		settings[path] = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		settings[path] = fmt.Sprint(v)
	}
}

// itemKey tells an item of a list from the others.
func itemKey(i int, item any) string {
	fields, _ := item.(map[string]any)
	var keys []string
	for _, name := range []string{"name", "from", "to"} {
		if key, ok := fields[name].(string); ok {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return strconv.Itoa(i)
	}
	return strings.Join(keys, ">")
}
