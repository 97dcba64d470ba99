#!/usr/bin/env bash
# Rehearses scenario 1 on a kind cluster of its own, with images made here; kind's
# node and Prometheus are pulled: hack/kind/demo.sh
# Say KIND_CLUSTER=NAME for another cluster; one that is there is used as it is.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cluster=${KIND_CLUSTER:-flashcrowd}

lacking=()
for tool in docker kind kubectl; do
  command -v "$tool" >/dev/null || lacking+=("$tool")
done
if ((${#lacking[@]})); then
  echo "make kind-demo needs docker, kind and kubectl on the path; this machine lacks: ${lacking[*]}. Without them: make demo" >&2
  exit 1
fi
docker info >/dev/null 2>&1 || { echo "make kind-demo needs a Docker daemon: docker info does not reach one. Without one: make demo" >&2; exit 1; }

make -C "$root" build image IMAGE_PREFIX=flashcrowd IMAGE_TAG=latest
kind get clusters 2>/dev/null | grep -qx "$cluster" || kind create cluster --name "$cluster" --wait 2m
kind load docker-image --name "$cluster" flashcrowd/manager:latest flashcrowd/dashboard:latest flashcrowd/stub:latest flashcrowd/loadgen:latest

kubectl() { command kubectl --context "kind-$cluster" "$@"; }
kubectl apply --server-side -f "$root/config/install.yaml"
kubectl apply --server-side -k "$root/config/prometheus"
for workload in flashcrowd-manager flashcrowd-dashboard prometheus; do
  kubectl -n flashcrowd-system rollout status "deployment/$workload" --timeout 5m
done
"$root/bin/flashcrowd" run --context "kind-$cluster" "$root/config/samples/scenario-1.yaml"
echo "The cluster is still up. Look around with: kubectl --context kind-$cluster get cg,sim,pods"
echo "End it with: kind delete cluster --name $cluster"
