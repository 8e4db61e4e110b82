//! What this device is called when nobody says so.

/// The longest name that is taken from the system, in characters.
const CHARS_MAX: usize = 63;

/// The system's name for this device, without its domain.
pub(crate) fn device_name() -> String {
    named(&gethostname::gethostname().to_string_lossy())
}

fn named(host: &str) -> String {
    let first = host.split('.').next().unwrap_or_default();
    let name: String = first
        .chars()
        .filter(|c| !c.is_control())
        .take(CHARS_MAX)
        .collect();
    if name.trim().is_empty() {
        "A device".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_is_left_out_and_a_name_is_never_empty() {
        assert_eq!(named("booth.theatre.example"), "booth");
        assert_eq!(named("booth"), "booth");
        for host in ["", " ", ".local", "\u{7}"] {
            assert_eq!(named(host), "A device");
        }
        assert_eq!(named(&"é".repeat(500)).chars().count(), CHARS_MAX);
    }
}
