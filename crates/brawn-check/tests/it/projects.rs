//! Whole projects: manifests, module trees, re-exports, deployment files.

use std::path::Path;

use brawn_check::{Check, Report};

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

/// What was skipped, paths relative to `folder`.
fn skipped(report: &Report, folder: &tempfile::TempDir) -> Vec<(String, String)> {
    let short = |path: &Path| {
        path.strip_prefix(folder.path()).unwrap_or(path).to_string_lossy().replace('\\', "/")
    };
    report.skipped.iter().map(|skipped| (short(&skipped.path), skipped.why.clone())).collect()
}

#[test]
#[cfg(unix)]
fn a_folder_that_cannot_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder =
        folder(&[("src/main.rs", "async fn a() { bcrypt::hash(1, 2); }"), ("src/m/mod.rs", "")]);
    let shut = folder.path().join("src/m");
    let mode = |mode| {
        std::fs::set_permissions(&shut, std::fs::Permissions::from_mode(mode)).expect("ours");
    };
    mode(0o000);
    let readable = std::fs::read_dir(&shut).is_ok();
    let report = check(folder.path());
    mode(0o700);
    assert_eq!(report.findings.len(), 1);
    if readable {
        // Root reads what it likes; the walk's own test feeds it with errors.
        return;
    }
    let [(path, why)] = &skipped(&report, &folder)[..] else { panic!("{:?}", report.skipped) };
    assert!(path == "src/m" && why.starts_with("cannot be read: "), "{path}: {why}");
}

#[test]
fn a_template_that_does_not_parse_is_named() {
    let yaml = "Resources:\n  Work:\n    Type: [AWS::Serverless::Function\n  Other: {\n";
    let json = "{\n  \"Resources\": {\n    \"Work\": [1, 2}\n  }\n}\n";
    let plan = "resource \"aws_lambda_function\" \"work\" {\n  runtime = \"provided.al2023\"\n";
    for (name, text, why) in [
        ("template.yaml", "Resources: [\n", "not YAML: line "),
        ("stack.yml", yaml, "not YAML: line "),
        ("cdk.out/Stack.template.json", json, "not JSON: line 3: "),
        ("main.tf", plan, "not Terraform: line 1: `{` is not closed"),
        ("main.tf", "a = 1\n}\n", "not Terraform: line 2: `}` closes nothing"),
        ("main.tf", "a = \"b\nc = 1\n", "not Terraform: line 1: a string is not closed"),
        ("main.tf", "a = <<-EOT\n  b\n", "not Terraform: line 1: `<<EOT` is not closed"),
    ] {
        let folder = folder(&[(name, text), ("main.rs", "async fn a() { bcrypt::hash(1, 2); }")]);
        let report = check(folder.path());
        assert_eq!(report.findings.len(), 1, "the other file is looked at");
        let skipped = skipped(&report, &folder);
        let [(path, said)] = &skipped[..] else { panic!("{name}: {skipped:?}") };
        assert!(path == name && said.starts_with(why), "{path}: {said}");
    }
}

#[test]
fn what_is_no_template_is_named_only_where_it_is_given() {
    let chart = "metadata:\n  name: {{ .Release.Name }}-{{ template \"a\" . }}\n{{- if .x }}\n";
    let folder = folder(&[("chart/templates/job.yaml", chart), ("main.rs", "fn main() {}\n")]);
    assert_eq!(check(folder.path()).skipped, []);
    let report = check(&folder.path().join("chart/templates/job.yaml"));
    let skipped = skipped(&report, &folder);
    let [(_, why)] = &skipped[..] else { panic!("{skipped:?}") };
    assert!(why.starts_with("not YAML: line 2: "), "{why}");
}

#[test]
fn terraform_with_every_kind_of_bracket_parses() {
    let plan = "/* } */ locals {\n  a = \"${join(\",\", [for b in var.c : \"x}-${b}\"])} $${ \\\" %{ if d }e%{ endif }\" # }\n  b = <<-EOT\n    { ${a} \"\n  EOT\n  c = { d = (1 + 2) } // ]\n}\n";
    let folder = folder(&[("main.tf", plan), ("main.rs", "fn main() {}\n")]);
    assert_eq!(check(folder.path()).skipped, []);
}

#[test]
fn a_manifest_that_does_not_parse_leaves_its_sources() {
    let code = "mod work;\nasync fn handler() { work::run(); }\n";
    let work = "pub fn run() { bcrypt::hash(1, 2); }\n";
    let folder = folder(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"thumbs\", \"fine\"]\n"),
        ("thumbs/Cargo.toml", "[package\nname = \"thumbs\"\n"),
        ("thumbs/src/main.rs", code),
        ("thumbs/src/work.rs", work),
        ("fine/Cargo.toml", &MANIFEST.replace("thumbs", "fine")),
        ("fine/src/main.rs", "fn main() {}\n"),
        ("fine/src/orphan.rs", "async fn a() { bcrypt::hash(1, 2); }\n"),
    ]);
    let report = check(folder.path());
    assert_eq!(found(&report), [("BR103", 2)]);
    let skipped = skipped(&report, &folder);
    let [(path, why)] = &skipped[..] else { panic!("{skipped:?}") };
    assert!(path == "thumbs/Cargo.toml" && why.starts_with("not TOML: "), "{path}: {why}");
}

#[test]
fn a_baseline_that_is_none_is_an_error() {
    let folder = folder(&[("main.rs", "async fn a() { bcrypt::hash(1, 2); }")]);
    let run = |text: &str| Check::new([folder.path()]).baseline_from("known.txt", text).run();
    for (text, line) in [
        ("{\"findings\": []}\n", 1),
        ("# a comment\n\nBR102 main.rs\n", 3),
        ("BR102 0123456789abcdef\n", 1),
        ("BR102 0123456789abcdeg main.rs\n", 1),
    ] {
        let error = run(text).expect_err("no baseline").to_string();
        assert!(error.contains(&format!("`known.txt` is no baseline: line {line} is ")), "{error}");
    }
    let baseline = check(folder.path()).baseline();
    assert_eq!(run(&baseline).expect("a baseline").known, 1);
    assert_eq!(run("").expect("nothing is known").known, 0);
}

#[test]
fn lines_are_counted_as_editors_count_them() {
    for (text, lines) in [("", 0), ("fn a() {}", 1), ("fn a() {}\n", 1), ("\n\nfn a() {}\n\n", 4)] {
        let folder = folder(&[("main.rs", text)]);
        assert_eq!(check(folder.path()).lines, lines, "{text:?}");
    }
}

#[test]
fn an_empty_word_selects_nothing_and_a_wrong_one_is_answered_with_what_works() {
    let folder = folder(&[("main.rs", "async fn a() { bcrypt::hash(1, 2); }")]);
    let run = |words: &[&str]| Check::new([folder.path()]).select(words.iter().copied()).run();
    assert_eq!(found(&run(&["BR102", ""]).expect("it runs")), [("BR102", 1)]);
    assert_eq!(found(&run(&["BR401", ""]).expect("it runs")), []);
    run(&["", ""]).expect_err("commas alone select nothing");
    let error = run(&["errors"]).expect_err("no tier");
    assert!(error.to_string().contains("`errors`"), "{error}");
    let hint = error.hint().expect("a hint");
    assert!(hint.contains("names (") && hint.contains("tiers (error, warning, advice)"), "{hint}");
}
