//! Requests with flaws: what serde_json and a few rules refuse is refused, and nothing else; nothing panics.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{options, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    values: Vec<f64>,
    #[serde(default, rename = "metadata")]
    _metadata: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    data: Vec<Point>,
    #[serde(default, rename = "algorithm")]
    _algorithm: brawn_jobs::points::Algorithm,
}

fn are_good(points: &[Point]) -> bool {
    !points.is_empty() && points.iter().all(|point| !point.values.is_empty())
}

fn is_good(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let lines = || text.split('\n').filter(|line| !line.trim_matches([' ', '\t', '\r']).is_empty());
    serde_json::from_str::<Document>(text).is_ok_and(|document| are_good(&document.data))
        || serde_json::from_str::<Vec<Point>>(text).is_ok_and(|points| are_good(&points))
        || lines()
            .map(serde_json::from_str::<Point>)
            .collect::<Result<Vec<Point>, _>>()
            .is_ok_and(|points| are_good(&points))
}

#[test]
fn flaws_are_seen_as_serde_json_sees_them() {
    let whole = [
        r#"{"data":[{"values":[1.5,-2e3,0],"metadata":{"a\"]":[null,true,"é\u00e9"]}},{"values":[7]}],"algorithm":"sum"}"#,
        r#"[ {"metadata":"x","values":[0.1, 2E-3]} , {"values":[3]} ]"#,
        "{\"values\":[1,2]}\n{\"values\":[3],\"metadata\":[{}]}\r\n",
    ];
    let bits = br#"{}[],:"\0123456789.-+eE nulltruefalse
vamd"#;
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut good = 0;
    for round in 0..12_000 {
        let mut text = whole[round % whole.len()].as_bytes().to_vec();
        for _ in 0..=random(2) {
            let at = random(text.len());
            match random(5) {
                0 => text[at] = bits[random(bits.len())],
                1 => text.insert(at, bits[random(bits.len())]),
                2 => drop(text.remove(at)),
                3 => text.truncate(at + 1),
                _ => text[at] = random(256) as u8,
            }
        }
        let ran = run(options(json!({ "algorithm": "min", "ddof": 200 })), &text);
        let shown = String::from_utf8_lossy(&text);
        assert_eq!(ran.is_ok(), is_good(&text), "{shown}: {:?}", ran.err());
        good += usize::from(ran.is_ok());
        if let Err(error) = ran {
            assert!(error.is_rejection(), "{shown}: {error:?}");
        }
    }
    assert!((200..11_800).contains(&good), "{good}");
}
