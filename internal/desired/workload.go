package desired

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsac "k8s.io/client-go/applyconfigurations/apps/v1"
	batchac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Names of the applications in the label app.kubernetes.io/name.
const (
	AppStub    = "flashcrowd-stub"
	AppLoadgen = "flashcrowd-loadgen"
)

const (
	labelName      = "app.kubernetes.io/name"
	labelManagedBy = "app.kubernetes.io/managed-by"
	managedBy      = "flashcrowd"
	tokenVolume    = "topology-token"
	tokenMount     = "/var/run/secrets/flashcrowd.io" //nolint:gosec // a path, not a credential
	// drainSeconds is how long a stub may take to finish what it has begun.
	drainSeconds = 30
)

// Options are what an installation chooses for all workloads.
type Options struct {
	StubImage, LoadgenImage string
	// TopologyAddress is host:port of the topology stream.
	TopologyAddress string
}

// WorkloadName is the name of a component's Deployment and Service.
func WorkloadName(graphName, component string) string { return graphName + "-" + component }

// StubLabels select the pods of a component.
func StubLabels(graphName, component string) map[string]string {
	return map[string]string{
		labelName: AppStub, labelManagedBy: managedBy, wire.LabelGraph: graphName, wire.LabelComponent: component,
	}
}

// Deployment runs the replicas of one component. Its pods do not change with
// the component's settings, which reach them over the topology stream, so no
// setting ever restarts one.
func Deployment(cg *v1alpha1.ComponentGraph, c graph.Component, o Options) *appsac.DeploymentApplyConfiguration {
	labels := StubLabels(cg.Name, c.Name)
	return appsac.Deployment(WorkloadName(cg.Name, c.Name), cg.Namespace).
		WithLabels(labels).
		WithOwnerReferences(ownedBy(cg.Name, string(cg.UID), "ComponentGraph")).
		WithSpec(appsac.DeploymentSpec().
			WithReplicas(c.Replicas).
			WithRevisionHistoryLimit(1).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(labels)).
			WithStrategy(appsac.DeploymentStrategy().WithType(appsv1.RollingUpdateDeploymentStrategyType)).
			WithTemplate(corev1ac.PodTemplateSpec().
				WithLabels(labels).
				WithAnnotations(scraped()).
				WithSpec(stubPod(cg, c, o))))
}

// Service names the pods of one component; it is headless, since requests are
// balanced by what the architecture says, not by the cluster.
func Service(cg *v1alpha1.ComponentGraph, component string) *corev1ac.ServiceApplyConfiguration {
	labels := StubLabels(cg.Name, component)
	return corev1ac.Service(WorkloadName(cg.Name, component), cg.Namespace).
		WithLabels(labels).
		WithOwnerReferences(ownedBy(cg.Name, string(cg.UID), "ComponentGraph")).
		WithSpec(corev1ac.ServiceSpec().
			WithClusterIP(corev1.ClusterIPNone).
			WithSelector(labels).
			WithPorts(corev1ac.ServicePort().WithName("data").WithProtocol(corev1.ProtocolTCP).WithPort(wire.DataPort).WithTargetPort(intstr.FromString("data"))))
}

// GeneratorJobName is the name of a simulation's load generators.
func GeneratorJobName(simulation string) string { return simulation + "-load" }

// GeneratorLabels select the generators of a simulation.
func GeneratorLabels(sim *v1alpha1.Simulation) map[string]string {
	return map[string]string{
		labelName: AppLoadgen, labelManagedBy: managedBy, wire.LabelGraph: sim.Spec.GraphRef.Name,
		wire.LabelSimulation: sim.Name, wire.LabelRun: string(sim.UID),
	}
}

// GeneratorJob runs the generators of one simulation; each has an index, and one
// that dies is started again with the same.
func GeneratorJob(sim *v1alpha1.Simulation, o Options) *batchac.JobApplyConfiguration {
	labels := GeneratorLabels(sim)
	generators := value(sim.Spec.Traffic.Generators, 1)
	return batchac.Job(GeneratorJobName(sim.Name), sim.Namespace).
		WithLabels(labels).
		WithOwnerReferences(ownedBy(sim.Name, string(sim.UID), "Simulation")).
		WithSpec(batchac.JobSpec().
			WithCompletionMode(batchv1.IndexedCompletion).
			WithCompletions(generators).
			WithParallelism(generators).
			WithBackoffLimit(1000).
			WithTemplate(corev1ac.PodTemplateSpec().
				WithLabels(labels).
				WithAnnotations(scraped()).
				WithSpec(generatorPod(sim, o))))
}

func scraped() map[string]string {
	return map[string]string{wire.AnnotationScrape: "true", wire.AnnotationPort: "9090"}
}

func ownedBy(name, uid, kind string) *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion(v1alpha1.GroupVersion.String()).WithKind(kind).WithName(name).WithUID(types.UID(uid)).
		WithController(true)
}

func stubPod(cg *v1alpha1.ComponentGraph, c graph.Component, o Options) *corev1ac.PodSpecApplyConfiguration {
	container := baseContainer("stub", o.StubImage).
		WithEnv(
			env(wire.EnvGraph, cg.Namespace+"/"+cg.Name),
			env(wire.EnvComponent, c.Name),
			env(wire.EnvTopology, o.TopologyAddress),
			envField(wire.EnvInstance, "metadata.name"),
			envField(wire.EnvPodIP, "status.podIP"),
		).
		WithPorts(
			port("data", wire.DataPort),
			port("metrics", wire.MetricsPort),
		).
		WithReadinessProbe(probe("/readyz", 1, 3)).
		WithLivenessProbe(probe("/livez", 5, 6))
	return basePod(container).WithTerminationGracePeriodSeconds(drainSeconds)
}

func generatorPod(sim *v1alpha1.Simulation, o Options) *corev1ac.PodSpecApplyConfiguration {
	container := baseContainer("loadgen", o.LoadgenImage).
		WithEnv(
			env(wire.EnvGraph, sim.Namespace+"/"+sim.Spec.GraphRef.Name),
			env(wire.EnvSimulation, sim.Namespace+"/"+sim.Name),
			env(wire.EnvTopology, o.TopologyAddress),
			envField(wire.EnvIndex, "metadata.annotations['"+batchv1.JobCompletionIndexAnnotation+"']"),
			envField(wire.EnvInstance, "metadata.name"),
			envField(wire.EnvPodIP, "status.podIP"),
		).
		WithPorts(port("metrics", wire.MetricsPort)).
		WithReadinessProbe(probe("/readyz", 1, 3))
	return basePod(container).WithRestartPolicy(corev1.RestartPolicyOnFailure).WithTerminationGracePeriodSeconds(1)
}

// basePod is what every pod of ours has: no API token, one for the stream, and
// all that Pod Security asks for in its restricted profile.
func basePod(container *corev1ac.ContainerApplyConfiguration) *corev1ac.PodSpecApplyConfiguration {
	return corev1ac.PodSpec().
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithSecurityContext(corev1ac.PodSecurityContext().
			WithRunAsNonRoot(true).WithRunAsUser(65532).WithRunAsGroup(65532).WithFSGroup(65532).
			WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithVolumes(corev1ac.Volume().WithName(tokenVolume).WithProjected(corev1ac.ProjectedVolumeSource().
			WithSources(corev1ac.VolumeProjection().WithServiceAccountToken(corev1ac.ServiceAccountTokenProjection().
				WithAudience(wire.TopologyAudience).WithExpirationSeconds(3600).WithPath("token"))))).
		WithContainers(container)
}

func baseContainer(name, image string) *corev1ac.ContainerApplyConfiguration {
	return corev1ac.Container().WithName(name).WithImage(image).
		WithImagePullPolicy(corev1.PullIfNotPresent).
		WithSecurityContext(corev1ac.SecurityContext().
			WithAllowPrivilegeEscalation(false).WithReadOnlyRootFilesystem(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))).
		WithResources(corev1ac.ResourceRequirements().
			WithRequests(corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("5m"), corev1.ResourceMemory: resource.MustParse("24Mi"),
			}).
			WithLimits(corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")})).
		WithVolumeMounts(corev1ac.VolumeMount().WithName(tokenVolume).WithMountPath(tokenMount).WithReadOnly(true))
}

// port of a container; its protocol is part of its identity, so it is told.
func port(name string, number int32) *corev1ac.ContainerPortApplyConfiguration {
	return corev1ac.ContainerPort().WithName(name).WithProtocol(corev1.ProtocolTCP).WithContainerPort(number)
}

func probe(path string, periodSeconds, failures int32) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().
		WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString("metrics"))).
		WithPeriodSeconds(periodSeconds).WithTimeoutSeconds(2).WithFailureThreshold(failures)
}

func env(name, text string) *corev1ac.EnvVarApplyConfiguration {
	return corev1ac.EnvVar().WithName(name).WithValue(text)
}

func envField(name, path string) *corev1ac.EnvVarApplyConfiguration {
	return corev1ac.EnvVar().WithName(name).WithValueFrom(corev1ac.EnvVarSource().
		WithFieldRef(corev1ac.ObjectFieldSelector().WithAPIVersion("v1").WithFieldPath(path)))
}
