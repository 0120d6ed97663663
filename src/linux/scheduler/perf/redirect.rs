//! Lets many perf events write to one ring buffer. The one place with `unsafe`: no crate offers this call.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use perf_event::Counter;

/// PERF_EVENT_IOC_SET_OUTPUT, `_IO('$', 5)` (include/uapi/linux/perf_event.h).
const SET_OUTPUT: rustix::ioctl::Opcode = rustix::ioctl::opcode::none(b'$', 5);

/// From now on `event` writes its records to the ring buffer that `ring` is mapped with (perf_event_open(2)). Both must be of
/// one CPU and of one clock.
pub fn redirect(event: &Counter, ring: &Counter) -> io::Result<()> {
    let output = usize::try_from(ring.as_raw_fd()).map_err(io::Error::other)?;
    // SAFETY: both descriptors are open for as long as their counters are borrowed. This call takes the second one by value,
    // and neither reads nor writes memory of this process.
    #[allow(unsafe_code)]
    unsafe {
        let call = rustix::ioctl::IntegerSetter::<SET_OUTPUT>::new_usize(output);
        rustix::ioctl::ioctl(BorrowedFd::borrow_raw(event.as_raw_fd()), call)?;
    }
    Ok(())
}
