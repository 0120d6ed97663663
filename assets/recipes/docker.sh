#!/bin/bash
# Watch a running container:
#   ./docker.sh NAME                     the dashboard on its main process
#   ./docker.sh NAME ps                  every such process in it; or any other command of tftop
#   tftop "$(docker inspect -f '{{.State.Pid}}' NAME)"     the same from the host, where tftop is installed
# There is no published image: build one called tftop from assets/packaging/docker/Dockerfile.
#
# tftop's container joins the other one's processes and gets nothing else of it: no network, no file of its own to write.
set -eu
: "${1:?which container}"
name=$1
shift
[ $# -gt 0 ] || set -- attach 1

# The user of the container's main process. If that is root: root with one capability. If not: that user, without any.
# Root would need three more to read another user's process: DAC_READ_SEARCH, SETUID and SETGID.
user=$(docker exec "$name" stat -c %u:%g /proc/1)
rights=(--cap-drop=ALL --security-opt=no-new-privileges --user="$user")
[ "${user%:*}" != 0 ] || rights+=(--cap-add=SYS_PTRACE)

terminal=()
[ ! -t 0 ] || [ ! -t 1 ] || terminal=(-it)

# With the host's cgroups, read-only, it sees the CPU quota of the other container.
exec docker run --rm "${terminal[@]}" "${rights[@]}" --pid="container:$name" --network=none --read-only \
  -v /sys/fs/cgroup:/sys/fs/cgroup:ro --cgroupns=host "${TFTOP_IMAGE:-tftop}" --read-only "$@"
