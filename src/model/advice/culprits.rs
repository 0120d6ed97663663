//! Which groups are too much: the fewest without which the rest would fit.

use crate::model::verdict::levels::NOTICE_SATURATION;

/// The smallest set of groups, largest demand first, without which the rest fits the CPUs; of equally small sets one of
/// groups that can be capped, for those the reader can do something about. Indexes into the demands.
pub fn culprits(demands: &[f64], can_be_capped: impl Fn(usize) -> bool, effective_cpus: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by(|&a, &b| demands[b].total_cmp(&demands[a]).then(a.cmp(&b)));
    let fits = effective_cpus * NOTICE_SATURATION;
    let mut left: f64 = demands.iter().sum();
    let mut culprits = Vec::new();
    for &index in &order {
        if left <= fits {
            break;
        }
        left -= demands[index];
        culprits.push(index);
    }
    for at in 0..culprits.len() {
        let chosen = culprits[at];
        let instead = |&&other: &&usize| {
            can_be_capped(other) && !culprits.contains(&other) && left + demands[chosen] - demands[other] <= fits
        };
        if let Some(&other) = order.iter().find(instead).filter(|_| !can_be_capped(chosen)) {
            left += demands[chosen] - demands[other];
            culprits[at] = other;
        }
    }
    culprits.sort_by(|&a, &b| demands[b].total_cmp(&demands[a]).then(a.cmp(&b)));
    culprits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn culprits_are_the_fewest_groups_without_which_the_rest_fits() {
        assert_eq!(culprits(&[14.0, 32.0, 0.3], |_| true, 16.0), [1]);
        assert_eq!(culprits(&[3.0, 3.0, 3.0], |_| true, 4.0), [0, 1], "of equals the first");
        assert_eq!(culprits(&[1.0, 1.0], |_| true, 2.0), [0; 0], "all fits");
        assert_eq!(culprits(&[2.2], |_| true, 2.0), [0; 0], "nearly all fits");
        assert_eq!(culprits(&[], |_| true, 0.0), [0; 0]);
        assert_eq!(culprits(&[5.0, 1.0], |_| true, 0.0), [0, 1]);
        assert_eq!(culprits(&[1.0, 0.99], |index| index == 1, 1.0), [1], "of two that would do, the one with a knob");
        assert_eq!(culprits(&[3.0, 0.5], |index| index == 1, 2.0), [0], "one with a knob that would not do is spared");
    }
}
