//! What is wrong before the first event.

use std::process::{Command, Stdio};
use std::time::Duration;

use brawn_testing::RuntimeApi;

fn start(variables: &[(&str, &str)], api: Option<&RuntimeApi>) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bootstrap"));
    command.env_clear().envs(variables.iter().copied()).stdin(Stdio::null());
    if let Some(api) = api {
        command.envs(api.environment(1769));
    }
    let done = command.output().expect("it starts");
    (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
}

#[test]
fn a_recipe_with_a_typo_stops_the_start_and_names_the_field() {
    let api = RuntimeApi::start();
    let recipe = r#"{"job":"image","widht":[800],"to":"s3://out/"}"#;
    let (code, said) = start(&[("BRAWN_RECIPE", recipe)], Some(&api));
    assert_eq!(code, Some(1));
    assert!(said.contains("widht") && said.contains("width"), "{said}");
    let error = api.init_error(Duration::ZERO).expect("told before the exit");
    assert_eq!(error["errorType"], "Brawn.InvalidOptions", "{error}");
    let message = error["errorMessage"].as_str().expect("a text");
    assert!(message.starts_with("BRAWN_RECIPE: ") && message.contains("widht"), "{message}");
}

#[test]
fn a_runtime_that_does_not_answer_does_not_hide_the_reason() {
    // Port 9 (discard): nobody listens there.
    let (code, said) = start(
        &[
            ("BRAWN_RECIPE", "{"),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"),
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ],
        None,
    );
    assert_eq!(code, Some(1));
    assert!(said.contains("is not JSON") && said.contains("did not take the init error"), "{said}");
}

#[test]
fn started_by_hand_it_says_who_starts_it() {
    let (code, said) = start(&[], None);
    assert_eq!(code, Some(1));
    assert!(said.contains("AWS_LAMBDA_RUNTIME_API") && said.contains("cargo lambda"), "{said}");
}
