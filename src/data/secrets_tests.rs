//! Tests of secrets.

use proptest::prelude::*;

use super::*;

fn shown(words: &[&str]) -> Vec<String> {
    let words: Vec<Text> = words.iter().map(|word| Text::from(*word)).collect();
    without_secrets(&words).iter().map(ToString::to_string).collect()
}

#[test]
fn no_form_of_a_secret_is_shown() {
    const RANDOM: &str = "a8f3b2c9d1e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8";
    let forms: &[&[&str]] = &[
        &["--api-key", "S3cr3tValue"],
        &["--api-key", "-S3cr3tValue"],
        &["--api-key=S3cr3tValue"],
        &["--bearer", "S3cr3tValue"],
        &["--pat", "S3cr3tValue"],
        &["--hf-token", "S3cr3tValue"],
        &["-H", "Authorization: Bearer S3cr3tValue"],
        &["--header", "X-Api-Key: S3cr3tValue"],
        &["--header=Authorization: S3cr3tValue"],
        &["-H", "X-Anything: S3cr3tValue"],
        &["Authorization: Basic S3cr3tValue"],
        &["-u", "me:S3cr3tValue"],
        &["-ume:S3cr3tValue"],
        &["--user", "me:S3cr3tValue"],
        &["-pS3cr3tValue"],
        &["-p", "S3cr3tValue"],
        &["https://host/x?token=S3cr3tValue"],
        &["https://host/x?se=1&sig=S3cr3tValue&sv=2"],
        &["--data=https://host/x?anything=S3cr3tValue"],
        &["DefaultEndpointsProtocol=https;AccountName=me;AccountKey=S3cr3tValue;EndpointSuffix=x"],
        &["AccountKey=S3cr3tValue"],
        &["{\"password\":\"S3cr3tValue\"}"],
        &["{\"db\": {\"api_key\": \"S3cr3tValue\", \"port\": 1}}"],
        &["--config={'token':'S3cr3tValue'}"],
        &["{\"tokens\": [\"S3cr3tValue\", \"S3cr3tValue\"]}"],
        &["hf_S3cr3tValueS3cr3tValue"],
        &["--model", "ghp_S3cr3tValueS3cr3tValue"],
        &["x=sk-proj-S3cr3tValueS3cr3tValue"],
        &["AKIAS3cr3tValue12345"],
        &["eyJhbGciS3cr3tValue.eyJzdWIS3cr3tValue.S3cr3tValue"],
        &["WANDB_API_KEY=S3cr3tValue"],
        &["postgres://me:S3cr3tValue@host/db"],
        &["me:S3cr3tValue@host:/path"],
        &["sh", "-c", "curl -H 'Authorization: Bearer S3cr3tValue' -u me:S3cr3tValue https://host"],
        &["sh", "-c", "TOKEN=S3cr3tValue python train.py --api-key S3cr3tValue"],
        &["python", "-c", "password = 'S3cr3tValue'\nmain(password)"],
        &["mysql", "-pS3cr3tValue", "db"],
    ];
    for form in forms {
        let shown = shown(form).join(" ");
        assert!(!shown.contains("S3cr3t"), "{form:?} is shown as {shown}");
        assert!(shown.contains(HIDDEN), "{form:?} is shown as {shown}: nothing says that something is hidden");
    }
    assert_eq!(shown(&["--wandb", RANDOM]), ["--wandb", HIDDEN]);
}

#[test]
fn what_is_no_secret_is_shown() {
    for plain in [
        &["python", "train.py", "--epochs", "3", "--lr", "1e-3", "--batch-size=64"] as &[&str],
        &["--keyboard", "us", "https://host/a@b", "git@host:repo.git"],
        &["-m", "sklearn", "sk-learn", "hf_home", "--pattern", "*.tfrecord", "--path", "/data/imagenet-2012"],
        &["docker", "run", "-p", "8080:80", "-p8888"],
        &["-H", "Accept: text/html"],
        &["python", "-c", "import tensorflow as tf; print(tf.config)"],
        &["resnet50_imagenet_2024_v2_final.keras", "ckpt-00012345.data-00000-of-00001"],
        &["{\"epochs\": 3, \"name\": \"x\"}"],
        &["sh", "-c", "ulimit -n 8; exec python train.py"],
    ] {
        assert_eq!(shown(plain), plain);
    }
}

#[test]
fn what_stands_around_a_secret_is_shown() {
    assert_eq!(
        shown(&["train.py", "--api-key", "s3cr3t", "--token=s3cr3t", "--epochs", "3"]),
        ["train.py", "--api-key", "(hidden)", "--token=(hidden)", "--epochs", "3"]
    );
    assert_eq!(shown(&["--db", "postgres://me:pw@host/x@y"]), ["--db", "postgres://(hidden)@host/x@y"]);
    assert_eq!(shown(&["https://h/x?a=1&b=2"]), ["https://h/x?a=(hidden)&b=(hidden)"]);
    assert_eq!(shown(&["-H", "Authorization: Bearer abc"]), ["-H", "Authorization: (hidden)"]);
    assert_eq!(
        shown(&["{\"user\":\"me\",\"password\":\"pw\",\"n\":1}"]),
        ["{\"user\":\"me\",\"password\":(hidden),\"n\":1}"]
    );
    assert_eq!(shown(&["env", "AWS_SECRET_ACCESS_KEY=x", "A=b"]), ["env", "AWS_SECRET_ACCESS_KEY=(hidden)", "A=b"]);
}

#[test]
fn a_name_that_only_holds_the_letters_of_a_secrets_name_is_none() {
    let script = "token = 1\nprint(token)";
    assert_eq!(shown(&["python", "-c", script]), ["python", "-c", "token = 1^Jprint(token)"]);
    assert!(!is_secret_name("--compass-rose") && !is_secret_name("pattern") && !is_secret_name("monkey-patch-x"));
}

/// As [`plain_word`] is meant: each value from the inside to the outside.
fn plain_word_by_the_letter(word: &str) -> Cow<'_, str> {
    if let Some((name, value)) = word.split_once('=')
        && !name.contains(['?', '{'])
    {
        if is_secret_name(name) {
            return format!("{name}={HIDDEN}").into();
        }
        if let Cow::Owned(value) = plain_word_by_the_letter(value) {
            return format!("{name}={value}").into();
        }
    }
    value(word)
}

#[test]
fn a_megabyte_of_any_kind_takes_no_longer_than_its_length() {
    // What took the square of its length would take minutes.
    for part in ["hken=", "a:=", "x@=", "h://u:", "&a=", "a ", "a^J", "k:[", "{a", "'a':", "token:\"", "-", "a=b "] {
        let word = part.repeat((1 << 20) / part.len());
        assert!(!shown(&[&word]).is_empty());
    }
}

proptest! {
    #[test]
    fn values_within_values_are_shown_as_by_the_letter(word in "([ab]|=|=|:|//|://|@|\\?|&|;|\\{|\"|'|#|/|key|pw|hf_Abcdefghij1|a1b2c3d4e5f6a1b2c3d4e5f6|ü){0,12}") {
        prop_assert_eq!(plain_word(&word), plain_word_by_the_letter(&word));
    }

    #[test]
    fn any_command_line_is_cleaned(words in proptest::collection::vec(".{0,60}", 0..8)) {
        let words: Vec<Text> = words.into_iter().map(Text::from).collect();
        prop_assert_eq!(without_secrets(&words).len(), words.len());
    }

    #[test]
    fn a_value_behind_a_secret_name_is_never_shown(value in "[A-Za-z0-9/+.:=-]{4,40}", name in "(api[-_]key|token|password|secret|auth|bearer)") {
        for form in [vec![format!("--{name}"), value.clone()], vec![format!("--{name}={value}")], vec![format!("{name}={value}")]] {
            let words: Vec<Text> = form.iter().map(|word| Text::from(word.as_str())).collect();
            let shown = without_secrets(&words);
            prop_assert!(!shown.iter().any(|word| word.contains(&value) && !name.contains(&value)), "{:?}", shown);
        }
    }
}
