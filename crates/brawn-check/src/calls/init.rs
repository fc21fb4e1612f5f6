//! What runs only before the first invocation: loading a model in `main` is right where it is.

use super::{Context, Facts};
use crate::resolve::{FnId, Resolver};

/// For each function, whether it runs only as part of `main`, outside what `main` hands to the runtime.
pub(crate) fn init_only(resolver: Resolver<'_>, facts: &[Facts]) -> Vec<bool> {
    let is_main: Vec<bool> =
        (0..facts.len()).map(|id| is_main(resolver, FnId(id as u32))).collect();
    let mut references: Vec<Vec<(usize, Context)>> = vec![Vec::new(); facts.len()];
    for (from, facts) in facts.iter().enumerate() {
        for call in &facts.calls {
            for to in &call.functions {
                // Named as a value, it is called by whoever got it.
                let handed_on = call.is_value && call.context != Context::Once;
                let context = if handed_on { Context::Unknown } else { call.context };
                references[to.0 as usize].push((from, context));
            }
        }
    }
    let mut only: Vec<bool> =
        (0..facts.len()).map(|id| is_main[id] || !references[id].is_empty()).collect();
    loop {
        let mut changed = false;
        for id in 0..only.len() {
            let stays = is_main[id]
                || references[id].iter().all(|(from, context)| {
                    *from == id || only[*from] && matches!(context, Context::Base | Context::Once)
                });
            if only[id] && !stays {
                only[id] = false;
                changed = true;
            }
        }
        if !changed {
            return only;
        }
    }
}

fn is_main(resolver: Resolver<'_>, id: FnId) -> bool {
    let function = resolver.function(id);
    let module = &resolver.workspace.modules[resolver.names.places[id.0 as usize].module as usize];
    &*function.name == "main" && function.owner.is_none() && module.parent.is_none()
}
