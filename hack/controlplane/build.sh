#!/usr/bin/env bash
# Builds the control plane and Prometheus from their modules into a directory,
# once for every version: hack/controlplane/build.sh [DIRECTORY]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../bin/controlplane}
mkdir -p "$out"
out=$(cd "$out" && pwd)

stamp=$(cat "$here/build.sh" "$here"/*/go.mod "$here"/*/go.sum "$here/kube/main.go" | sha256sum | cut -d' ' -f1)
if [[ -f $out/.stamp && $(<"$out/.stamp") == "$stamp" ]]; then
  exit 0
fi
export CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=mod

# Local pods have loopback addresses, which the API refuses in EndpointSlices:
# a real cluster has no use for them, here they are what every pod is reached
# by. The one condition is lifted in a copy of the module made at build time.
lift_loopback() {
  local module file
  module=$(cd "$here/kube" && go mod download k8s.io/kubernetes && go list -m -f '{{.Dir}}' k8s.io/kubernetes)
  cp -r --no-preserve=mode "$module" "$work/kubernetes"
  file=$work/kubernetes/pkg/apis/core/validation/validation.go
  if [[ $(grep -c 'if ip.IsLoopback() {' "$file") != 1 ]]; then
    echo "$file has not the one loopback condition that is to be lifted" >&2
    exit 1
  fi
  sed -i 's/if ip.IsLoopback() {/if false \&\& ip.IsLoopback() {/' "$file"
  cp "$here/kube/go.sum" "$work/go.sum"
  sed '/^module/d' "$here/kube/go.mod" | { echo "module flashcrowd.io/flashcrowd/hack/controlplane/kube"; cat; echo "replace k8s.io/kubernetes => $work/kubernetes"; } >"$work/go.mod"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
lift_loopback

version=$(cd "$here/kube" && go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=${version#v1.}
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
done
echo "Building Kubernetes $version and etcd (several minutes the first time)"
(cd "$here/kube" && go build -trimpath -modfile "$work/go.mod" -ldflags "$flags" -o "$out/kube" .)
for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do
  ln -sf kube "$out/$name"
done

version=$(cd "$here/prometheus" && go list -m -f '{{.Version}}' github.com/prometheus/prometheus)
echo "Building Prometheus $version"
# The module's v0.N.P is the release vA.B.P with N = 100 A + B.
number=${version#v0.}
release="$((${number%%.*} / 100)).$((${number%%.*} % 100)).${number#*.}"
(cd "$here/prometheus" && go build -trimpath -tags remove_all_sd,enable_kubernetes_sd \
  -ldflags "-s -w -X github.com/prometheus/common/version.Version=$release" \
  -o "$out/prometheus" github.com/prometheus/prometheus/cmd/prometheus)

echo "$stamp" >"$out/.stamp"
