//! The way that is taught here.

use brawn::{Error, Result};

use crate::work::{Request, Response, crunch};

/// More than this, and Lambda would have ended the invocation in any case: 10^12 steps are some 1000 s.
const MOST: u64 = 1_000_000_000_000;

/// The runtime is free, the pool has the size that is paid for, and the work ends when the deadline comes or when
/// nobody waits for it.
///
/// # Errors
/// When there are too many steps, when the budget ends, when the work panics.
pub async fn handler(request: Request) -> Result<Response> {
    let Request { rows, steps } = request;
    let all = steps.saturating_mul(rows.len() as u64);
    if all > MOST {
        return Err(Error::limit_exceeded(format!(
            "{all} steps are asked for, {MOST} are allowed"
        )));
    }
    brawn::compute(move |budget| {
        let results = budget.par_iter(&rows).map(|row| crunch(*row, steps)).collect()?;
        Ok(Response { results })
    })
    .await?
}
