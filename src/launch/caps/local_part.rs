//! `--cpus auto`: the part of the CPUs that is a rank's own, when the ranks on this machine divide them without overlap.

use crate::data::CpuSet;
use crate::data::job::rank::Rank;
use crate::launch::caps::machine::MachineCpus;

/// A rank's CPUs. All that are allowed where this is no rank, or where its launcher has bound it to some already; of more ranks than
/// CPUs several share one. Fails where the launcher does not tell how many ranks there are here.
pub(super) fn local_part(machine: &MachineCpus) -> Result<CpuSet, String> {
    let allowed = &machine.allowed;
    let Some(rank) = machine.rank.as_ref().filter(|_| !is_bound(machine)) else { return Ok(allowed.clone()) };
    let (Some(local), Some(ranks)) = (rank.local_rank, rank.local_ranks.filter(|&ranks| ranks > 0)) else {
        return Err(format!(
            "--cpus auto: {} does not tell how many ranks run on this machine, and which of them this is: write --cpus N or a list",
            rank.launcher.name()
        ));
    };
    let order = by_core(machine);
    let (count, local, ranks) = (order.len(), local as usize, ranks as usize);
    if ranks >= count {
        return Ok(order.get(local % count.max(1)).copied().into_iter().collect());
    }
    Ok(order[local * count / ranks..(local + 1) * count / ranks].iter().copied().collect())
}

/// Why it is that part, in words; none where it is simply all of them.
pub(super) fn because(machine: &MachineCpus) -> Option<String> {
    let rank = machine.rank.as_ref()?;
    if is_bound(machine) {
        return Some(format!("--cpus auto: {} has bound this rank to these CPUs", rank.launcher.name()));
    }
    let Rank { local_rank: Some(local), local_ranks: Some(ranks), .. } = rank else { return None };
    Some(format!("--cpus auto: part {} of {ranks} of CPUs {}", local + 1, machine.allowed))
}

/// Whether the launcher itself may use more CPUs than it left to this rank.
fn is_bound(machine: &MachineCpus) -> bool {
    let allowed = &machine.allowed;
    let more = |launchers: &CpuSet| launchers.count() > allowed.count() && launchers.intersection(allowed) == *allowed;
    machine.launchers.as_ref().is_some_and(more)
}

/// The CPUs allowed, those of one core side by side: a core's threads then go to one rank.
fn by_core(machine: &MachineCpus) -> Vec<u32> {
    let of_cores = machine.cores.iter().flat_map(CpuSet::iter);
    let mut order: Vec<u32> = Vec::new();
    let mut seen = CpuSet::default();
    for cpu in of_cores.chain(machine.allowed.iter()) {
        if machine.allowed.contains(cpu) && !seen.contains(cpu) {
            seen.insert(cpu);
            order.push(cpu);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(allowed: &str, cores: &[&str], local: u32, ranks: u32) -> MachineCpus {
        let rank = Rank::from_block(
            format!("MPI_LOCALRANKID={local}\0MPI_LOCALNRANKS={ranks}\0PMI_RANK={local}\0PMI_SIZE={}", ranks.max(2))
                .as_bytes(),
        );
        let allowed: CpuSet = allowed.parse().unwrap();
        let cores = cores.iter().map(|core| core.parse().unwrap()).collect();
        MachineCpus { online: allowed.clone(), allowed, cores, rank, ..MachineCpus::default() }
    }

    fn parts(allowed: &str, cores: &[&str], ranks: u32) -> Vec<String> {
        (0..ranks).map(|local| local_part(&machine(allowed, cores, local, ranks)).unwrap().to_string()).collect()
    }

    #[test]
    fn ranks_divide_the_cpus_without_overlap() {
        assert_eq!(parts("0-7", &[], 4), ["0-1", "2-3", "4-5", "6-7"]);
        assert_eq!(parts("0-6", &[], 3), ["0-1", "2-3", "4-6"]);
        assert_eq!(parts("3,5", &[], 2), ["3", "5"]);
        assert_eq!(
            parts("0-7", &["0,4", "1,5", "2,6", "3,7"], 2),
            ["0-1,4-5", "2-3,6-7"],
            "a core's threads stay together"
        );
    }

    #[test]
    fn of_more_ranks_than_cpus_several_share_one() {
        assert_eq!(parts("0-1", &[], 3), ["0", "1", "0"]);
        assert_eq!(
            local_part(&MachineCpus { allowed: CpuSet::default(), ..machine("0", &[], 0, 2) }).unwrap(),
            CpuSet::default()
        );
    }

    #[test]
    fn what_a_launcher_bound_is_not_divided_again() {
        let bound = MachineCpus { launchers: Some("0-7".parse().unwrap()), ..machine("2-3", &[], 1, 4) };
        assert_eq!(local_part(&bound).unwrap().to_string(), "2-3");
        assert!(because(&bound).unwrap().contains("has bound this rank"));
        let unbound = MachineCpus { launchers: Some("2-3".parse().unwrap()), ..machine("2-3", &[], 1, 2) };
        assert_eq!(local_part(&unbound).unwrap().to_string(), "3");
        assert_eq!(because(&unbound).unwrap(), "--cpus auto: part 2 of 2 of CPUs 2-3");
    }

    #[test]
    fn one_that_is_no_rank_has_all_and_one_that_can_not_know_its_part_is_refused() {
        let alone = MachineCpus { rank: None, ..machine("0-3", &[], 0, 2) };
        assert_eq!(local_part(&alone).unwrap().to_string(), "0-3");
        let rank = Rank::from_block(b"SLURM_PROCID=1\0SLURM_NTASKS=4");
        let refused = local_part(&MachineCpus { rank, ..machine("0-3", &[], 0, 2) }).unwrap_err();
        assert!(refused.starts_with("--cpus auto: Slurm does not tell"), "{refused}");
    }
}
