//! The key of an S3 event, used as it came.
//!
//! ## What
//! `record.s3.object.key` passed on to a request, in a crate that never decodes it.
//!
//! ## Why it matters on Lambda
//! S3 encodes keys in its notifications as forms do: `red flower.jpg` comes as `red+flower.jpg`, `ü` as `%C3%BC`. The request
//! that follows asks for an object that does not exist, and fails for exactly the users who have spaces in file names.
//!
//! ## Example
//! ```text
//! let key = record.s3.object.key.unwrap();
//! client.get_object().bucket(&bucket).key(&key).send().await?;
//! ```
//!
//! ## Instead
//! `record.s3.object.url_decoded_key` of `aws_lambda_events`, or `+` to space and then percent-decoding. (EventBridge brings
//! keys as they are.)
//!
//! ## When to allow
//! When all keys are made by yourself, of letters and digits.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::Kind;

pub(super) const RULE: Rule = Rule {
    code: "BR302",
    name: "undecoded-key",
    tier: Tier::Error,
    file: include_str!("undecoded_key.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    const DECODES: [&str; 9] = [
        "url_decoded_key",
        "percent_decode",
        "urlencoding",
        "urldecode",
        "form_urlencoded",
        "url_escape",
        "serde_urlencoded",
        "decode_plus",
        "url_decode",
    ];
    if !view.is_lambda() || !view.file_mentions("S3Event") || view.crate_mentions(&DECODES) {
        return;
    }
    if !view.crate_mentions(&[
        "get_object",
        "head_object",
        "copy_object",
        "get_object_tagging",
        "download",
    ]) {
        return;
    }
    for id in view.rows() {
        let Kind::Field { base, name } = &view.tree()[id].kind else { continue };
        let is_object = matches!(&view.tree()[*base].kind, Kind::Field { base: s3, name } if &**name == "object"
            && matches!(&view.tree()[*s3].kind, Kind::Field { name, .. } if &**name == "s3"));
        if &**name == "key" && is_object {
            let message = "the key of an S3 event is form-encoded, and nothing decodes it: `a b.jpg` comes as \
                           `a+b.jpg`";
            let mut finding = view.finding(rule, view.tree()[id].span, message.to_owned());
            finding.help = Some("use `url_decoded_key`, or decode `+` and `%xx`".to_owned());
            out.push(finding);
            return;
        }
    }
}
