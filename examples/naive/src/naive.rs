//! Two ways that work, and what each costs.

use rayon::prelude::*;

use crate::work::{Request, Response, crunch};

/// A parallel iterator right in the async handler.
///
/// The thread that should poll sockets and timers waits until all rows are done: nothing is fetched, uploaded, answered
/// or timed out meanwhile. The pool is rayon's global one, with a thread for each core that can be *seen*.
pub async fn in_the_handler(request: Request) -> Response {
    let Request { rows, steps } = request;
    // brawn: allow(BR101, this is the example of it)
    let results = rows.par_iter().map(|row| crunch(*row, steps)).collect();
    Response { results }
}

/// The same in `spawn_blocking`: the runtime is free. What is left to the handler is the rest: the pool's size, the
/// deadline, who stops the work when nobody waits for it any more, the span, and a panic, which is a `JoinError` here.
///
/// # Errors
/// When the work panics.
pub async fn in_spawn_blocking(request: Request) -> Result<Response, tokio::task::JoinError> {
    let Request { rows, steps } = request;
    tokio::task::spawn_blocking(move || {
        let results = rows.par_iter().map(|row| crunch(*row, steps)).collect();
        Response { results }
    })
    .await
}
