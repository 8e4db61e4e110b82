//! The network interfaces of this device.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What the system calls it.
    pub name: String,
    /// Its addresses, in ascending order; none when it is not connected.
    pub addresses: Vec<IpAddr>,
    /// Its index, by which the system knows it; `None` where it has none.
    pub index: Option<u32>,
    /// Whether it is switched on and something is at the other end.
    pub up: bool,
    /// Whether it leads to this device itself only.
    pub loopback: bool,
    /// Whether it is a tunnel to one other place, in which there is nobody to be found.
    pub tunnel: bool,
    /// Whether messages to everybody are allowed on it; `None` where the system does not say.
    pub multicast: Option<bool>,
}

impl Interface {
    /// Whether members can be met on it.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.up
            && !self.loopback
            && !self.tunnel
            && self.addresses.iter().any(|address| !is_link_local_v6(address))
    }
}

const fn is_link_local_v6(address: &IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// The interfaces of this device, in order of their names; none when the system does not tell. Blocks.
pub(super) fn interfaces() -> Vec<Interface> {
    let mut all: BTreeMap<String, Interface> = BTreeMap::new();
    for found in if_addrs::get_if_addrs().unwrap_or_default() {
        let interface = all.entry(found.name.clone()).or_insert_with(|| Interface {
            name: found.name.clone(),
            addresses: Vec::new(),
            index: found.index,
            up: found.is_oper_up(),
            loopback: found.is_loopback(),
            tunnel: found.is_p2p(),
            multicast: None,
        });
        interface.up |= found.is_oper_up();
        interface.addresses.push(found.ip());
    }
    #[cfg(target_os = "linux")]
    linux::complete(&mut all);
    let mut all: Vec<_> = all.into_values().collect();
    all.iter_mut()
        .for_each(|interface| interface.addresses.sort_unstable());
    all
}

/// What Linux tells beside addresses: interfaces that have none, and whether multicast is allowed.
#[cfg(target_os = "linux")]
mod linux {
    use super::{BTreeMap, Interface};

    const UP: u32 = 0x1;
    const LOOPBACK: u32 = 0x8;
    const POINT_TO_POINT: u32 = 0x10;
    const MULTICAST: u32 = 0x1000;

    pub(super) fn complete(all: &mut BTreeMap<String, Interface>) {
        let Ok(entries) = std::fs::read_dir("/sys/class/net") else {
            return;
        };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let read = |file: &str| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
            let (Some(flags), state) = (flags(&read("flags")), read("operstate")) else {
                continue;
            };
            let interface = all.entry(name.clone()).or_insert_with(|| Interface {
                name,
                addresses: Vec::new(),
                index: None,
                up: false,
                loopback: false,
                tunnel: false,
                multicast: None,
            });
            tell(interface, flags, state.trim());
        }
    }

    fn flags(text: &str) -> Option<u32> {
        u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
    }

    fn tell(interface: &mut Interface, flags: u32, state: &str) {
        // Loopback and some virtual interfaces are `unknown` while they work.
        interface.up = flags & UP != 0 && matches!(state, "up" | "unknown");
        interface.loopback = flags & LOOPBACK != 0;
        interface.tunnel = flags & POINT_TO_POINT != 0;
        interface.multicast = Some(flags & MULTICAST != 0);
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn flags_and_state_are_told_apart() {
            for (text, state, up, loopback, multicast) in [
                ("0x1003\n", "up\n", true, false, true),
                ("0x1003\n", "lowerlayerdown\n", false, false, true),
                ("0x1002\n", "down\n", false, false, true),
                ("0x3\n", "up\n", true, false, false),
                ("0x9\n", "unknown\n", true, true, false),
            ] {
                let mut interface = Interface {
                    name: "eth0".to_owned(),
                    addresses: Vec::new(),
                    index: None,
                    up: false,
                    loopback: false,
                    tunnel: false,
                    multicast: None,
                };
                tell(&mut interface, flags(text).unwrap(), state.trim());
                let told = (interface.up, interface.loopback, interface.multicast);
                assert_eq!(told, (up, loopback, Some(multicast)), "{text} {state}");
            }
            assert_eq!(flags("1003"), None);
            assert_eq!(flags(""), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_device_has_a_loopback_that_is_not_used() {
        let all = interfaces();
        let loopback = all.iter().find(|interface| interface.loopback).unwrap();
        assert!(!loopback.is_used(), "{all:?}");
        assert!(all.windows(2).all(|pair| pair[0].name < pair[1].name), "{all:?}");
    }
}
