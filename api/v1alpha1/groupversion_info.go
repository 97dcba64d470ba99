package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion of the kinds in this package.
var GroupVersion = schema.GroupVersion{Group: "flashcrowd.io", Version: "v1alpha1"}

// SchemeGroupVersion is GroupVersion under the name that generated code expects.
var SchemeGroupVersion = GroupVersion

// StartedByAnnotation of a Simulation names the user who started it. An admission
// policy of the installation lets users name only themselves, and changes nobody
// later; without that policy it is what somebody wrote.
const StartedByAnnotation = "flashcrowd.io/started-by"

// CommandsAnnotation of a Simulation is a line for each of the newest changes of its
// spec: the generation that it made, the time, the fields, and the user's name. An
// admission policy of the installation writes it and nobody else can; without that
// policy it names at most whoever wrote it.
const CommandsAnnotation = "flashcrowd.io/commands"

// AddToScheme adds the kinds to a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &ComponentGraph{}, &ComponentGraphList{}, &Simulation{}, &SimulationList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
