#!/bin/bash
#SBATCH --job-name=train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=12:00:00
#SBATCH --output=%x-%j.out

# A training job in which every rank keeps to its own CPUs, with one check after the warm-up.
#   sbatch job.sh
#   tftop ps --slurm JOBID     meanwhile: every rank on every node, in one table
# Beside train-JOBID.out stands the folder train-JOBID.tftop: rank-N.json is the check's report on rank N, and rank-N holds
# that rank's whole recording for `tftop replay`.

# When to check: after the input pipeline is warm and the first epoch runs.
warm_up=${TFTOP_WARM_UP:-10m}

out=$PWD/$SLURM_JOB_NAME-$SLURM_JOB_ID.tftop
mkdir -p "$out"
export out

# srun gives each task the variables of its rank, so they are expanded there, not here.
# A folder of its own for each rank: ranks that start in the same second do not meet in it.
# shellcheck disable=SC2016
srun --kill-on-bad-exit=1 bash -c '
  export XDG_STATE_HOME=$out/rank-$SLURM_PROCID
  # Where prolog.sh made the folder, the steps of each rank are metrics, too.
  metrics=/run/tftop/$SLURM_JOB_ID
  if [ -w "$metrics" ]; then set -- --textfile "$metrics"; else set --; fi
  exec tftop run --no-ui --cpus auto "$@" -- python train.py
' &
training=$!

# Until then, or until the training ends.
sleep "$warm_up" &
wait -n "$training" $!

# As many tasks as the training has, laid out like it: task N reads the recording of rank N on the node where it is written.
# --overlap lets this step use CPUs that the training has; it reads one file, and no right to trace anything is needed.
# shellcheck disable=SC2016
srun --overlap --cpu-bind=none bash -c '
  export XDG_STATE_HOME=$out/rank-$SLURM_PROCID
  exec tftop report last --fail-on severe --json >"$out/rank-$SLURM_PROCID.json"
'
check=$?
case $check in
  0) echo "tftop: no rank is severely oversubscribed" ;;
  8) echo "tftop: a rank is severely oversubscribed, see $out" ;; # to stop the job here: scancel "$SLURM_JOB_ID"
  *) echo "tftop: no verdict on some rank (exit code $check)" ;;
esac

# The training's exit code is the job's. If it is 0, an oversubscribed job ends with 8: its state is FAILED, its results are there.
wait "$training"
code=$?
[ "$code" -eq 0 ] && [ "$check" -eq 8 ] && code=8
exit "$code"
