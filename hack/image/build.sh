#!/usr/bin/env bash
# Makes an image of each program that runs in a cluster, from static binaries and
# an empty base, so that nothing is pulled: hack/image/build.sh BINARIES PREFIX TAG
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
binaries=${1:?write where the binaries are} prefix=${2:?write what the images begin with} tag=${3:?write their tag}
programs=(manager dashboard stub loadgen)

command -v docker >/dev/null || { echo "make image needs docker; on Debian: apt-get install docker.io" >&2; exit 1; }
docker info >/dev/null 2>&1 || { echo "make image needs a Docker daemon: docker info does not reach one. Start it, or point DOCKER_HOST at one" >&2; exit 1; }

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
for program in "${programs[@]}"; do
  [[ -x $binaries/$program ]] || { echo "$binaries/$program is not built: run make build" >&2; exit 1; }
  mkdir "$context/$program"
  cp "$here/Dockerfile" "$binaries/$program" "$context/$program/"
  # Without BuildKit, which a daemon of a distribution may lack: this needs none of it.
  if ! words=$(DOCKER_BUILDKIT=0 docker build --network none --build-arg PROGRAM="$program" --tag "$prefix/$program:$tag" "$context/$program" 2>&1); then
    echo "$words" >&2
    exit 1
  fi
  echo "$prefix/$program:$tag"
done
