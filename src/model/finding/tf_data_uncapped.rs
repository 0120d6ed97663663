//! Does tf.data run without a limit? Each iterator makes a private pool of one thread a CPU unless its options say otherwise.

use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Remedy, Rule, clear};
use crate::fact::Caps;

pub const RULE: Rule = Rule { code: "tf-data-uncapped", asks: "Does tf.data run without a limit?", check };

fn check(case: &Case) -> Answer {
    let Some(group) = case.groups.iter().find(|group| group.key.origin.as_ref() == "tf-data") else {
        return clear("the process has no tf.data threads");
    };
    let judged = case.judged()?;
    let wanted = case.wanted(judged, &["tf-data"]);
    let in_private_pool = |t: &&super::super::scene::Thread| t.name() == "tf_data_private_threadpool";
    let private = case.threads.iter().filter(in_private_pool).count() as u32;
    if wanted < 0.25 {
        return clear(format!("{} tf.data threads want {wanted:.2} CPUs", group.threads));
    }
    if private < case.sizes.allowed && group.threads <= case.sizes.allowed {
        return clear(format!(
            "{} tf.data threads, {private} of them in private pools: fewer than CPUs",
            group.threads
        ));
    }
    Ok(Finding {
        level: case.blame(judged),
        grade: Grade::Measured,
        says: format!("tf.data has {} threads and wants {wanted:.1} CPUs; nothing limits it", group.threads),
        evidence: vec![
            Evidence::new("tf.data threads", group.threads.to_string()),
            Evidence::new("in private pools", private.to_string()),
            Evidence::new("tf.data wants", format!("{wanted:.2} CPUs")),
        ],
        remedy: Remedy {
            text: "no variable does it: set the private pool in the dataset's options, and num_parallel_calls instead of AUTOTUNE"
                .to_owned(),
            export: None,
            python: Some("options = tf.data.Options(); options.threading.private_threadpool_size = 1; ds = ds.with_options(options)".to_owned()),
            caps: Caps { data: Some(1), ..Caps::default() },
        },
    })
}
