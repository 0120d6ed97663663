#!/bin/bash
# Stops what prolog.sh started. Slurm runs this as root on each node when the job has ended there, without PATH; an exit code
# other than 0 would drain the node, so it is always 0.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec </dev/null >/dev/null 2>&1
trap 'exit 0' EXIT

[[ $SLURM_JOB_ID =~ ^[0-9]+$ && $SLURM_JOB_UID =~ ^[0-9]+$ ]] || exit 0
folder=/run/tftop/$SLURM_JOB_ID

# By its command line, among this user's processes. A pid in a file that the user may write could name any process.
pkill -u "$SLURM_JOB_UID" -fx "tftop serve --read-only --textfile $folder"

# Without its folder it ends by itself at the next look, should it have missed the signal.
rm -rf --one-file-system "$folder"
