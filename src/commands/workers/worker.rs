//! The one way to ask in the background: a thread answers the newest request. Older ones that still wait are dropped, and
//! the thread ends when nobody can ask any more.

use std::sync::Arc;
use std::{io, thread};

use tokio::sync::{mpsc, watch};

/// Where to ask, and the newest answer; none before the first.
pub(crate) type WorkerEnds<Q, A> = (mpsc::UnboundedSender<Q>, watch::Receiver<Option<Arc<A>>>);

/// Starts a thread of this name that answers by `answer`.
pub(crate) fn start<Q, A>(name: &str, mut answer: impl FnMut(Q) -> A + Send + 'static) -> io::Result<WorkerEnds<Q, A>>
where
    Q: Send + 'static,
    A: Send + Sync + 'static,
{
    let (ask, mut requests) = mpsc::unbounded_channel();
    let (publish, answers) = watch::channel(None);
    let serve = move || {
        while let Some(mut request) = requests.blocking_recv() {
            while let Ok(newer) = requests.try_recv() {
                request = newer;
            }
            publish.send_replace(Some(Arc::new(answer(request))));
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(serve)?;
    Ok((ask, answers))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn the_newest_request_is_answered_and_those_before_it_are_dropped() {
        let (begun, begins) = channel();
        let (go_on, wait) = channel();
        let answer = move |request: u32| {
            begun.send(request).unwrap();
            wait.recv().unwrap();
            request
        };
        let (ask, mut answers) = start("tftop-test", answer).unwrap();
        ask.send(1).unwrap();
        assert_eq!(begins.recv(), Ok(1));
        ask.send(2).unwrap();
        ask.send(3).unwrap();
        go_on.send(()).unwrap();
        assert_eq!(begins.recv(), Ok(3));
        go_on.send(()).unwrap();
        answers.wait_for(|answer| answer.as_deref() == Some(&3)).await.unwrap();
        drop(ask);
        while answers.changed().await.is_ok() {}
        assert!(begins.recv().is_err());
    }
}
