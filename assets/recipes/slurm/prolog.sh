#!/bin/bash
# Starts tftop on a node for the time of a job; epilog.sh stops it.
#   slurm.conf: Prolog=/etc/slurm/prolog.sh  Epilog=/etc/slurm/epilog.sh  PrologFlags=Alloc
# It runs as the job's user, not as root: it reads this user's processes alone, and needs no capabilities for that.
# Metrics go to /run/tftop/JOBID/tftop.prom. Let node_exporter collect them:
#   --collector.textfile.directory='/run/tftop/*'
# Made for nodes that one job has at a time. Where jobs share nodes, use ../tftop.service: with one tftop for each job,
# node_exporter would find the same series twice.
#
# Slurm runs this as root, without PATH. An exit code other than 0 would drain the node, so it is always 0.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec </dev/null >/dev/null 2>&1 # slurmd waits until nobody holds its pipe any more
trap 'exit 0' EXIT

[[ $SLURM_JOB_ID =~ ^[0-9]+$ && $SLURM_JOB_UID =~ ^[0-9]+$ ]] || exit 0
group=$(id -g "$SLURM_JOB_UID") || exit 0
folder=/run/tftop/$SLURM_JOB_ID
command=(tftop serve --read-only --textfile "$folder")

# A second start, as after a requeue: one is enough.
pgrep -u "$SLURM_JOB_UID" -fx "${command[*]}" && exit 0

install -d -m 755 /run/tftop
install -d -m 755 -o "$SLURM_JOB_UID" -g "$group" "$folder" || exit 0

# A session of its own, because slurmd ends what is left of the prolog's; the lowest priority; no way back to more rights.
# The log is opened as the user: what the user may have put in its place is opened with no more than the user's rights.
# shellcheck disable=SC2016
cd / && env -i PATH="$PATH" nice -n 19 setsid \
  setpriv --reuid="$SLURM_JOB_UID" --regid="$group" --clear-groups --inh-caps=-all --no-new-privs \
  bash -c 'umask 022; folder=$1; shift; exec "$@" >"$folder/log" 2>&1' - "$folder" "${command[@]}" &
