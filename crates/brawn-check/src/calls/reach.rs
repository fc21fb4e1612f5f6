//! Which synchronous functions compute or wait, themselves or through what they call.

use super::{Context, Facts};
use crate::catalogue::{CallKind, Catalogue};
use crate::resolve::{FnId, Resolver};
use crate::tree::ExprId;

/// The next step from a function towards the call that computes or waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// This call of the function itself, with its place among the function's calls.
    Here(usize),
    /// This call of the function, to that function.
    Through(ExprId, FnId),
}

/// For each function the first step, if it reaches anything on its caller's thread.
pub(crate) type Reach = Vec<Option<Step>>;

/// Finds the shortest way for each function.
pub(crate) fn reach(resolver: Resolver<'_>, catalogue: &Catalogue, facts: &[Facts]) -> Reach {
    let mut reach: Reach = vec![None; facts.len()];
    let mut callers: Vec<Vec<(usize, ExprId)>> = vec![Vec::new(); facts.len()];
    let mut layer = Vec::new();
    for (id, facts) in facts.iter().enumerate() {
        // An async function is looked at for its own sake.
        if resolver.function(FnId(id as u32)).is_async {
            continue;
        }
        for (index, call) in facts.calls.iter().enumerate() {
            if !matches!(call.context, Context::Base | Context::Pooled) {
                continue;
            }
            let kind = call.entry.map(|entry| catalogue.entries[entry].kind);
            let sinks =
                [CallKind::Heavy, CallKind::Parallel, CallKind::Blocking, CallKind::BlockOn];
            if kind.is_some_and(|kind| sinks.contains(&kind)) {
                if reach[id].is_none() {
                    reach[id] = Some(Step::Here(index));
                    layer.push(id);
                }
            } else {
                for to in &call.functions {
                    callers[to.0 as usize].push((id, call.at));
                }
            }
        }
    }
    while !layer.is_empty() {
        let mut next = Vec::new();
        for id in layer {
            for (caller, at) in &callers[id] {
                if reach[*caller].is_none() {
                    reach[*caller] = Some(Step::Through(*at, FnId(id as u32)));
                    next.push(*caller);
                }
            }
        }
        next.sort_unstable();
        layer = next;
    }
    reach
}
