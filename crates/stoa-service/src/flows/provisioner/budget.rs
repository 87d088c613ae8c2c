//! The calls of a run: drawn from the school's minute in small blocks, and spread over it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::SchoolId;
use stoa_core::turn::PreviousMinute;
use tokio::sync::Mutex;

use crate::clients::Clients;
use crate::store::minute_of;

/// Calls that are drawn at once: so few that what a minute's end wastes is little.
const BLOCK: u32 = 4;
/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(500);

/// The calls of a run at one school.
pub(super) struct Budget<'a> {
    clients: &'a Clients,
    school: &'a SchoolId,
    /// When it is too late to wait any more.
    until: Instant,
    drawn: Mutex<Drawn>,
    made: AtomicU32,
    is_over: AtomicBool,
}

/// What is drawn and not spent.
#[derive(Default)]
struct Drawn {
    /// Of which minute.
    minute: i64,
    calls: u32,
    /// The calls of the minute before it.
    previous: PreviousMinute,
}

impl<'a> Budget<'a> {
    pub(super) fn new(clients: &'a Clients, school: &'a SchoolId, until: Instant) -> Self {
        let (drawn, made, is_over) = (Mutex::default(), AtomicU32::new(0), AtomicBool::new(false));
        Self { clients, school, until, drawn, made, is_over }
    }

    /// Calls that were made.
    pub(super) fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed)
    }

    /// Whether this run makes no more calls.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Ends the run's calls: the school asks to slow down, or lets nobody in.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// One call, as soon as it may be made. Fails where that would be after the run.
    pub(super) async fn take(&self) -> Result<(), Failure> {
        loop {
            if self.is_over() {
                return Err(spent("this run makes no more calls"));
            }
            if self.try_take().await? {
                self.made.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            if Instant::now() + PAUSE >= self.until {
                self.end();
                return Err(spent("the rest of the minute is the logins'"));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_take(&self) -> Result<bool, Failure> {
        let mut drawn = self.drawn.lock().await;
        let (store, now) = (&self.clients.store, self.clients.clock.now());
        if drawn.minute != minute_of(now) {
            let previous = store.previous_minute(self.school, now).await?;
            *drawn = Drawn { minute: minute_of(now), calls: 0, previous };
        }
        if drawn.calls == 0 {
            for block in [BLOCK, 1] {
                if store.draw_provisioning(self.school, block, &drawn.previous, now).await? {
                    drawn.calls = block;
                    break;
                }
            }
        }
        let is_there = drawn.calls > 0;
        drawn.calls = drawn.calls.saturating_sub(1);
        Ok(is_there)
    }
}

fn spent(note: &str) -> Failure {
    Failure::noted(Fault::CallsSpent, note)
}
