package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// installed finds the images that the installation asks for, by itself or for
	// what the manager makes.
	installed = regexp.MustCompile(`image[:=] ?flashcrowd/([a-z]+):`)
	// made finds the programs that images are made of.
	made = regexp.MustCompile(`(?m)^programs=\(([a-z ]+)\)$`)
)

// TestEveryImageThatIsInstalledIsMade holds the installation to what make image
// makes, and both to the programs that there are.
func TestEveryImageThatIsInstalledIsMade(t *testing.T) {
	root := repository(t)
	read := func(path string) string {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var asked []string
	for _, match := range installed.FindAllStringSubmatch(read("config/install.yaml"), -1) {
		asked = append(asked, match[1])
	}
	list := made.FindStringSubmatch(read("hack/image/build.sh"))
	if list == nil {
		t.Fatal("hack/image/build.sh lists no programs")
	}
	programs := strings.Fields(list[1])
	slices.Sort(asked)
	slices.Sort(programs)
	if !slices.Equal(slices.Compact(asked), programs) {
		t.Errorf("the installation asks for images of %v, made are those of %v", asked, programs)
	}
	for _, program := range programs {
		if _, err := os.Stat(filepath.Join(root, "cmd", program)); err != nil {
			t.Error(err)
		}
		if demo := read("hack/kind/demo.sh"); !strings.Contains(demo, "flashcrowd/"+program+":latest") {
			t.Errorf("hack/kind/demo.sh does not load the image of %s", program)
		}
	}
}
