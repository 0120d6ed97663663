#!/bin/bash
# Watch a container of a running pod, which needs no preparation for it:
#   TFTOP_IMAGE=registry.example/tftop:0.2.0 ./debug.sh POD CONTAINER [tftop's arguments]
# There is no published image: build it from assets/packaging/docker/Dockerfile.
#
# It adds an ephemeral container, which stays in the pod's list until the pod ends. Whoever runs this needs the right to `patch`
# pods/ephemeralcontainers, and `create` on pods/attach.
# Simpler, where tftop is in the training's image: kubectl exec -it POD -c CONTAINER -- tftop. That needs no capability at all,
# and it sees the container's CPU quota, which no other container does.
set -eu
: "${TFTOP_IMAGE:?the image of tftop}" "${1:?which pod}" "${2:?which container}"
pod=$1 container=$2
shift 2
[ $# -gt 0 ] || set -- attach 1 # with --target, the container's main process is pid 1

# A container that runs as root: root with one capability. One that runs as another user: that user, without any.
user=$(kubectl exec "$pod" -c "$container" -- id -u)
group=$(kubectl exec "$pod" -c "$container" -- id -g)
if [ "$user" = 0 ]; then profile=general; else profile=restricted; fi # general adds SYS_PTRACE

# What the profiles leave open. --custom: kubectl 1.31 and newer.
custom=$(mktemp)
trap 'rm -f "$custom"' EXIT
cat >"$custom" <<JSON
{
  "securityContext": {
    "runAsUser": $user,
    "runAsGroup": $group,
    "allowPrivilegeEscalation": false,
    "readOnlyRootFilesystem": true,
    "capabilities": { "drop": ["ALL"] }
  }
}
JSON
kubectl debug -it "$pod" --image="$TFTOP_IMAGE" --target="$container" --profile="$profile" --custom="$custom" \
  -- /usr/bin/tftop --read-only "$@"
