//! Has this crate built again when the workspace app was: its files become part of the program.

fn main() {
    let app = "../../electron/dist";
    // Cargo takes a watched path that is not there for one that always changed. Where the sources cannot be written
    // to, that is all that happens.
    let _ = std::fs::create_dir_all(app);
    println!("cargo::rerun-if-changed={app}");
    println!("cargo::rerun-if-changed=assets");
}
