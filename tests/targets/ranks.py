"""Starts idle.py as the ranks of a job, as Open MPI's mpirun does: `ranks.py RANKS JOB`."""

import os
import subprocess
import sys

from ready import hold

count, job = int(sys.argv[1]), sys.argv[2]
idle = os.path.join(os.path.dirname(os.path.abspath(__file__)), "idle.py")


def start(rank):
    told = {
        "OMPI_COMM_WORLD_RANK": str(rank),
        "OMPI_COMM_WORLD_SIZE": str(count),
        "OMPI_COMM_WORLD_LOCAL_RANK": str(rank),
        "OMPI_COMM_WORLD_LOCAL_SIZE": str(count),
        "OMPI_MCA_ess_base_jobid": job,
    }
    return subprocess.Popen(
        [sys.executable, idle, "3", "2"], env={**os.environ, **told}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


ranks = [start(rank) for rank in range(count)]
for rank in ranks:
    line = rank.stdout.readline()
    while line and not line.startswith("READY"):
        line = rank.stdout.readline()
hold(ranks=[rank.pid for rank in ranks])
