//! Whether a booth can serve anybody, and if not, why. Pure.

use bilik_claim::session::OutOfService;
use bilik_claim::wire::Closing;
use bilik_journal::courier::Trouble;

/// What decides it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub enrolled: bool,
    /// The machine has not said yet whether it can enrol this booth.
    pub machine_unknown: bool,
    /// `None` until the queue is open and checked.
    pub queue: Option<Result<(), Trouble>>,
    pub on_trial: bool,
    pub wrong_hub: bool,
    /// By a supervisor.
    pub closed: Option<Closing>,
}

impl Standing {
    /// What weighs most comes first.
    pub fn out_of_service(self) -> Option<OutOfService> {
        if !self.enrolled {
            // A machine that can enrol it has a page for that, which must not come after a fault.
            return Some(if self.machine_unknown { OutOfService::Starting } else { OutOfService::NotEnrolled });
        }
        match self.queue {
            Some(Err(Trouble::Failed)) => Some(OutOfService::QueueFailed),
            Some(Err(Trouble::Full)) => Some(OutOfService::DiskFull),
            // Nobody shall type for ten minutes and then learn that the disk is broken.
            None => Some(OutOfService::Starting),
            // A trial that fails ends in a restart, and nobody shall be in a claim then.
            Some(Ok(())) if self.on_trial => Some(OutOfService::OnTrial),
            Some(Ok(())) if self.wrong_hub => Some(OutOfService::WrongHub),
            Some(Ok(())) => self.closed.map(OutOfService::Closed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_that_holds_is_told() {
        let serves = Standing {
            enrolled: true,
            machine_unknown: false,
            queue: Some(Ok(())),
            on_trial: false,
            wrong_hub: false,
            closed: None,
        };
        let everything = Standing {
            enrolled: false,
            machine_unknown: true,
            queue: None,
            on_trial: true,
            wrong_hub: true,
            closed: Some(Closing::Repair),
        };
        let opened = Standing { enrolled: true, queue: Some(Ok(())), ..everything };
        let cases = [
            (serves, None),
            (Standing { machine_unknown: true, ..serves }, None),
            (everything, Some(OutOfService::Starting)),
            (Standing { machine_unknown: false, ..everything }, Some(OutOfService::NotEnrolled)),
            (Standing { enrolled: true, ..everything }, Some(OutOfService::Starting)),
            (Standing { queue: Some(Err(Trouble::Failed)), ..opened }, Some(OutOfService::QueueFailed)),
            (Standing { queue: Some(Err(Trouble::Full)), ..opened }, Some(OutOfService::DiskFull)),
            (opened, Some(OutOfService::OnTrial)),
            (Standing { on_trial: false, ..opened }, Some(OutOfService::WrongHub)),
            (Standing { closed: Some(Closing::Repair), ..serves }, Some(OutOfService::Closed(Closing::Repair))),
        ];
        for (standing, told) in cases {
            assert_eq!(standing.out_of_service(), told, "{standing:?}");
        }
    }
}
