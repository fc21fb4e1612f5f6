//! Whole projects: manifests, module trees, re-exports, deployment files.

use crate::{check, folder, found};

const MANIFEST: &str = "[package]\nname = \"thumbs\"\n[dependencies]\nlambda_runtime = \"1\"\nrayon = \"1\"\npictures = { package = \"image\", version = \"0.25\" }\n";

#[test]
fn work_is_found_through_modules_renames_re_exports_and_methods() {
    let folder = folder(&[
        ("Cargo.toml", MANIFEST),
        (
            "src/main.rs",
            "mod deep;\nuse deep::Maker;\nstruct App { maker: Maker }\nimpl App {\n    async fn handle(&self, bytes: Vec<u8>) {\n        self.maker.thumbnail(&bytes);\n    }\n}\nfn main() {}\n",
        ),
        ("src/deep/mod.rs", "mod deeper;\npub use deeper::*;\n"),
        (
            "src/deep/deeper.rs",
            "pub struct Maker;\nimpl Maker {\n    pub fn thumbnail(&self, bytes: &[u8]) { inner(bytes) }\n}\nfn inner(bytes: &[u8]) {\n    let picture = pictures::ImageReader::new(bytes).with_guessed_format().unwrap();\n    picture.decode().unwrap();\n}\n",
        ),
    ]);
    let report = check(folder.path());
    assert_eq!(found(&report), [("BR103", 6)]);
    let chain: Vec<&str> = report.findings[0].chain.iter().map(|link| link.text.as_str()).collect();
    assert_eq!(chain, ["inner", "ImageReader::decode"]);
}

#[test]
fn loading_in_main_is_left_alone() {
    let folder = folder(&[
        ("Cargo.toml", MANIFEST),
        (
            "src/main.rs",
            "#[tokio::main]\nasync fn main() {\n    let model = load().await;\n    run(service_fn(handler)).await\n}\nasync fn load() -> u8 {\n    bcrypt::hash(1, 2);\n    std::thread::sleep(x);\n    0\n}\nasync fn handler() {\n    bcrypt::hash(1, 2);\n}\n",
        ),
    ]);
    assert_eq!(found(&check(folder.path())), [("BR102", 12)]);
}

#[test]
fn a_template_is_read_with_the_code_it_deploys() {
    let code = "async fn handler(e: E) -> Result<SqsBatchResponse, Error> {\n    tokio::task::spawn_blocking(move || e.rows.par_iter().sum()).await?\n}\nfn main() {}\n";
    let template = "Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibilityTimeout: 60\n  Work:\n    Type: AWS::Serverless::Function\n    Metadata:\n      BuildMethod: rust-cargolambda\n    Properties:\n      CodeUri: .\n      Handler: bootstrap\n      Runtime: provided.al2023\n      MemorySize: 512\n      Timeout: 30\n      Events:\n        Jobs:\n          Type: SQS\n          Properties:\n            Queue: !GetAtt Jobs.Arn\n";
    let folder =
        folder(&[("Cargo.toml", MANIFEST), ("src/main.rs", code), ("template.yaml", template)]);
    let codes: Vec<_> = found(&check(folder.path()));
    assert_eq!(codes, [("BR505", 5), ("BR501", 14), ("BR506", 17)]);
    let mended = template
        .replace("512", "3538")
        .replace("VisibilityTimeout: 60", "VisibilityTimeout: 180")
        .replace(
            "Jobs.Arn\n",
            "Jobs.Arn\n            FunctionResponseTypes: [ReportBatchItemFailures]\n",
        );
    std::fs::write(folder.path().join("template.yaml"), mended).expect("a file");
    assert_eq!(found(&check(folder.path())), []);
}

#[test]
fn terraform_is_read_too() {
    let code = "async fn handler(e: E) -> Result<SqsBatchResponse, Error> { e }\nfn main() {}\n";
    let plan = "resource \"aws_lambda_function\" \"work\" {\n  runtime = \"provided.al2023\"\n  timeout = 30\n}\nresource \"aws_sqs_queue\" \"jobs\" {\n  visibility_timeout_seconds = 30\n}\nresource \"aws_lambda_event_source_mapping\" \"jobs\" {\n  function_name    = aws_lambda_function.work.arn\n  event_source_arn = aws_sqs_queue.jobs.arn\n}\n";
    let folder = folder(&[("Cargo.toml", MANIFEST), ("src/main.rs", code), ("main.tf", plan)]);
    assert_eq!(found(&check(folder.path())), [("BR505", 6), ("BR506", 8)]);
}

#[test]
fn aborting_on_panic_matters_where_panics_are_caught() {
    let code = "fn main() { std::panic::catch_unwind(|| work()); }\n";
    let manifest = format!("{MANIFEST}[profile.release]\npanic = \"abort\"\n");
    let folder = folder(&[("Cargo.toml", &manifest), ("src/main.rs", code)]);
    assert_eq!(found(&check(folder.path())), [("BR401", 8)]);
}

#[test]
fn a_member_given_alone_has_the_profile_of_its_workspace() {
    let code = "fn main() { std::panic::catch_unwind(|| work()); }\n";
    let root = "[workspace]\nmembers = [\"thumbs\"]\nexclude = [\"apart\"]\n[profile.release]\npanic = \"abort\"\n";
    let folder = folder(&[
        ("Cargo.toml", root),
        ("thumbs/Cargo.toml", MANIFEST),
        ("thumbs/src/main.rs", code),
        ("apart/Cargo.toml", MANIFEST),
        ("apart/src/main.rs", code),
    ]);
    let report = check(&folder.path().join("thumbs"));
    assert_eq!(found(&report), [("BR401", 5)]);
    assert!(report.findings[0].path.ends_with("Cargo.toml"), "{:?}", report.findings[0].path);
    assert_eq!(found(&check(&folder.path().join("apart"))), []);
}

#[test]
fn cargo_lambda_aborts_on_panic_unless_told_otherwise() {
    let code = "fn main() { std::panic::catch_unwind(|| work()); }\n";
    let template = "Resources:\n  Work:\n    Type: AWS::Serverless::Function\n    Metadata:\n      BuildMethod: rust-cargolambda\n    Properties:\n      CodeUri: .\n";
    let folder =
        folder(&[("Cargo.toml", MANIFEST), ("src/main.rs", code), ("template.yaml", template)]);
    let report = check(folder.path());
    assert_eq!(found(&report), [("BR401", 1)]);
    for fixed in report.fixed().expect("it reads") {
        fixed.write().expect("it writes");
    }
    assert_eq!(found(&check(folder.path())), []);
    let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml")).expect("readable");
    assert!(manifest.ends_with("\n\n[profile.release]\npanic = \"unwind\"\n"), "{manifest}");
}

#[test]
fn outputs_within_the_trigger_are_seen_in_terraform_and_cloudformation() {
    let code = |key: &str| {
        format!(
            "async fn handler(e: E) {{\n    client.get_object().bucket(&b).key(&key).send().await;\n    let to = {key};\n    client.put_object().bucket(&b).key(&to).send().await;\n}}\nfn main() {{}}\n"
        )
    };
    let plan = |filter: &str| {
        format!(
            "resource \"aws_lambda_function\" \"work\" {{\n  runtime = \"provided.al2023\"\n}}\nresource \"aws_s3_bucket_notification\" \"new\" {{\n  lambda_function {{\n    lambda_function_arn = aws_lambda_function.work.arn\n    {filter}\n  }}\n}}\n"
        )
    };
    let template = "Resources:\n  Work:\n    Type: AWS::Lambda::Function\n    Properties:\n      Runtime: provided.al2023\n      Handler: bootstrap\n  Pictures:\n    Type: AWS::S3::Bucket\n    Properties:\n      NotificationConfiguration:\n        LambdaConfigurations:\n          - Event: s3:ObjectCreated:*\n            Function: !GetAtt Work.Arn\n";
    let small = "format!(\"small/{key}\")";
    for (deployment, content, key, expected) in [
        ("main.tf", plan(""), small, vec![("BR508", 5)]),
        ("main.tf", plan("filter_prefix = \"small/\""), small, vec![("BR508", 5)]),
        ("main.tf", plan("filter_prefix = \"new/\""), small, vec![]),
        ("main.tf", plan("filter_prefix = var.prefix"), small, vec![]),
        ("main.tf", plan("filter_suffix = \".png\""), "format!(\"{key}.webp\")", vec![]),
        ("main.tf", plan("filter_suffix = \".png\""), "format!(\"{key}.png\")", vec![("BR508", 5)]),
        ("main.tf", plan(""), "other(key)", vec![]),
        ("template.yaml", template.to_owned(), small, vec![("BR508", 12)]),
        ("template.yaml", template.replace("Work.Arn", "Other.Arn"), small, vec![]),
    ] {
        let folder = folder(&[
            ("Cargo.toml", MANIFEST),
            ("src/main.rs", &code(key)),
            (deployment, &content),
        ]);
        assert_eq!(found(&check(folder.path())), expected, "{content}{key}");
    }
}
