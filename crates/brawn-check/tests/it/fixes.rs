//! `--fix`: what it writes compiles, and what it cannot be sure of it leaves.

use std::path::Path;
use std::process::Command;

use brawn_check::Check;

use crate::{check, folder, found};

const MANIFEST: &str = "[package]\nname = \"work\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nimage = { version = \"0.25\", default-features = false }\ntokio = { version = \"1\", default-features = false, features = [\"rt\"] }\n\n[workspace]\n";

/// Every call that is wrapped, in the forms that are wrapped.
const WRAPPED: &str = "\
use image::imageops::FilterType;
use image::{DynamicImage, load_from_memory};

type Fail = std::io::Error;

async fn bytes(path: String) -> Result<Vec<u8>, Fail> {
    std::fs::read(path)
}

pub async fn parameter(png: Vec<u8>) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    println!(\"{} bytes\", png.len());
    let picture = image::load_from_memory(&png)?;
    Ok(picture.width())
}

pub async fn chain(path: String) -> Result<DynamicImage, Box<dyn std::error::Error>> {
    let png = bytes(path).await?;
    let picture = load_from_memory(&png)?;
    Ok(picture.resize(800, 600, FilterType::Lanczos3))
}

pub async fn each(paths: Vec<String>) -> Result<u32, Box<dyn std::error::Error>> {
    let mut sum = 0;
    for path in paths {
        let png = bytes(path).await?;
        match load_from_memory(&png) {
            Ok(picture) => sum += picture.height(),
            Err(error) => println!(\"{error}\"),
        }
    }
    Ok(sum)
}
";

/// None of these may be wrapped as they are.
const LEFT: &str = "\
pub async fn borrowed(png: &[u8]) -> Result<u32, Box<dyn std::error::Error>> {
    Ok(image::load_from_memory(png)?.width())
}

pub async fn used_again(png: Vec<u8>) -> Result<usize, Box<dyn std::error::Error>> {
    image::load_from_memory(&png)?;
    Ok(png.into_iter().count())
}

pub async fn in_a_loop(png: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
    for _ in 0..2 {
        image::load_from_memory(&png)?;
    }
    Ok(())
}

pub async fn in_a_closure(all: Vec<Vec<u8>>) -> Result<usize, Box<dyn std::error::Error>> {
    Ok(all.iter().map(|png| image::load_from_memory(png).is_ok()).count())
}

pub async fn no_room_for_the_error(png: Vec<u8>) -> Option<u32> {
    Some(image::load_from_memory(&png).ok()?.width())
}

pub struct Held(Vec<u8>);

impl Held {
    async fn get(&self) -> &[u8] {
        &self.0
    }

    pub async fn of_self(&self) -> Result<u32, Box<dyn std::error::Error>> {
        Ok(image::load_from_memory(&self.0)?.width())
    }

    pub async fn awaited_and_borrowed(&self) -> Result<u32, Box<dyn std::error::Error>> {
        let png = self.get().await;
        Ok(image::load_from_memory(png)?.width())
    }
}

type Shared = std::rc::Rc<Vec<u8>>;

pub async fn an_alias(png: Shared) -> Result<u32, Box<dyn std::error::Error>> {
    Ok(image::load_from_memory(&png)?.width())
}

pub async fn a_clone_of_a_reference(all: &[&[u8]]) -> Result<u32, Box<dyn std::error::Error>> {
    let png = all[0].clone();
    Ok(image::load_from_memory(png)?.width())
}

pub async fn under_a_lock(
    lock: &std::sync::Mutex<u32>,
    png: Vec<u8>,
) -> Result<u32, Box<dyn std::error::Error>> {
    let held = lock.lock().map_err(|error| error.to_string())?;
    let picture = image::load_from_memory(&png)?;
    Ok(picture.width() + *held)
}

pub async fn worked_on(png: Vec<u8>) -> Result<u32, Box<dyn std::error::Error>> {
    Ok(image::load_from_memory(&png)?.thumbnail(8, 8).blur(1.0).width())
}

pub async fn borrows_a_local(png: Vec<u8>) -> Result<u32, Box<dyn std::error::Error>> {
    let part = png.as_slice();
    Ok(image::load_from_memory(part)?.width())
}
";

#[test]
fn what_is_wrapped_compiles() {
    let folder = folder(&[("Cargo.toml", MANIFEST), ("src/lib.rs", WRAPPED)]);
    let path = folder.path();
    let before = check(path);
    assert_eq!(found(&before), [("BR102", 12), ("BR102", 18), ("BR102", 19), ("BR102", 26)]);
    for fixed in before.fixed().expect("it reads") {
        fixed.write().expect("it writes");
    }
    let after = std::fs::read_to_string(path.join("src/lib.rs")).expect("readable");
    assert!(
        after.contains(
            "tokio::task::spawn_blocking(move || image::load_from_memory(&png)).await??;"
        ),
        "{after}"
    );
    assert_eq!(found(&check(path)), [], "{after}");
    compile(path);
}

/// As `brawn::compute` is declared; the crate itself would take longer to compile than all other tests here together.
const COMPUTE: &str = "\
pub struct Budget;
pub async fn compute<T, F>(work: F) -> Result<T, std::io::Error>
where
    T: Send + 'static,
    F: FnOnce(&Budget) -> T + Send + 'static,
{
    Ok(work(&Budget))
}
";

#[test]
fn a_project_that_has_brawn_is_given_compute() {
    let manifest = MANIFEST.replace("[workspace]", "brawn = { path = \"brawn\" }\n\n[workspace]");
    let folder = folder(&[
        ("Cargo.toml", &manifest),
        ("src/lib.rs", WRAPPED),
        (
            "brawn/Cargo.toml",
            "[package]\nname = \"brawn\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        ("brawn/src/lib.rs", COMPUTE),
    ]);
    for fixed in check(folder.path()).fixed().expect("it reads") {
        fixed.write().expect("it writes");
    }
    let after = std::fs::read_to_string(folder.path().join("src/lib.rs")).expect("readable");
    assert_eq!(after.matches("brawn::compute(move |_| ").count(), 4, "{after}");
    compile(folder.path());
}

#[test]
fn what_may_not_compile_is_left() {
    let folder = folder(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LEFT)]);
    let report = check(folder.path());
    assert!(report.findings.len() >= 14, "{:?}", found(&report));
    let fixed = report.fixed().expect("it reads");
    // `thumbnail` takes what `load_from_memory` gives by reference, and so on: nothing of a chain is moved alone.
    assert_eq!(fixed, [], "{}", fixed.iter().map(|fixed| fixed.diff()).collect::<String>());
    // And it is code that compiles: the findings are not of something that nobody writes.
    compile(folder.path());
}

/// With the versions of this workspace, which are on every machine that builds it.
fn compile(folder: &Path) {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    std::fs::copy(lock, folder.join("Cargo.lock")).expect("a copy");
    // One target folder for all such tests: the dependencies are compiled once.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixed");
    let done = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", target)
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn profile_lines_are_written_and_the_rest_is_kept() {
    let code = "async fn handler(rows: Vec<f64>) { rows.par_iter().sum() }\nfn main() { std::panic::catch_unwind(|| 1); }\n";
    let manifest = "[package]\nname = \"work\"\n\n[dependencies]\nlambda_runtime = \"1\"\nrayon = \"1\"\n\n[profile.release]\nopt-level = \"s\" # small\npanic = \"abort\"\n\n[features]\n";
    let folder = folder(&[("Cargo.toml", manifest), ("src/main.rs", code)]);
    let report = Check::new([folder.path()]).select(["BR4"]).run().expect("it runs");
    let fixed = report.fixed().expect("it reads");
    let diff = fixed[0].diff().replace(&*folder.path().to_string_lossy(), "work");
    let expected = "\
--- work/Cargo.toml
+++ work/Cargo.toml
@@ -6,7 +6,10 @@
 rayon = \"1\"
 
 [profile.release]
+lto = \"thin\"
+codegen-units = 1
+strip = true
-opt-level = \"s\" # small
+opt-level = 3 # small
-panic = \"abort\"
+panic = \"unwind\"
 
 [features]
";
    assert_eq!(diff, expected);
}

#[test]
fn a_file_that_changed_meanwhile_is_not_written() {
    let folder = folder(&[("Cargo.toml", MANIFEST), ("src/lib.rs", WRAPPED)]);
    let fixed = check(folder.path()).fixed().expect("it reads");
    let path = folder.path().join("src/lib.rs");
    std::fs::write(&path, "fn other() {}").expect("a file");
    let error = fixed[0].write().expect_err("it changed");
    assert!(error.to_string().contains("changed"), "{error}");
    assert_eq!(std::fs::read_to_string(path).expect("readable"), "fn other() {}");
}

#[cfg(unix)]
#[test]
fn what_lies_beside_a_file_is_never_written_through() {
    let folder = folder(&[("Cargo.toml", MANIFEST), ("src/lib.rs", WRAPPED), ("victim", "mine")]);
    let path = folder.path();
    // The name that an earlier version wrote to.
    std::os::unix::fs::symlink("../victim", path.join("src/lib.brawn-fix")).expect("a link");
    for fixed in check(path).fixed().expect("it reads") {
        fixed.write().expect("it writes");
    }
    assert_eq!(std::fs::read_to_string(path.join("victim")).expect("there"), "mine");
    assert!(!path.join("src/lib.rs").is_symlink());
    let left = std::fs::read_dir(path.join("src")).expect("a folder").count();
    assert_eq!(left, 2, "the file and the link");
}
