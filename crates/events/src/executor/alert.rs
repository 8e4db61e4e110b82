//! Alerts: auditors are told at once of critical commands.

use crate::command::{CommandType, Envelope, Permission};
use crate::commit::AppendResult;

/// Something that auditors want to know at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// What kind of command it was.
    pub command_type: CommandType,
    /// Who gave it, from where, and why.
    pub envelope: Envelope,
    /// What happened.
    pub what: Alerted,
}

/// What happened to a critical command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alerted {
    /// It was carried out, for the first time.
    CarriedOut {
        /// Its events; absent when there were none.
        append: Option<AppendResult>,
    },
    /// It was not permitted.
    NotPermitted {
        /// What was missing.
        permission: Permission,
    },
}

/// Takes alerts. An alert comes after the commit, and once: it is lost if the process ends in between, while the events
/// keep who did what and why. Functions are sinks.
pub trait AlertSink: Send + Sync {
    /// Takes an alert. It is called on the thread that gives the command, which waits.
    fn raise(&self, alert: &Alert);
}

/// Writes alerts to the log, as warnings.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogAlerts;

impl AlertSink for LogAlerts {
    fn raise(&self, alert: &Alert) {
        let envelope = &alert.envelope;
        let justification = envelope.justification.as_ref().map(tracing::field::display);
        match &alert.what {
            Alerted::CarriedOut { append } => tracing::warn!(
                command_type = %alert.command_type,
                command_id = %envelope.command_id,
                actor = %envelope.actor,
                justification,
                first_event = append.map(|append| append.first_sequence_number.0),
                "a critical command was carried out"
            ),
            Alerted::NotPermitted { permission } => tracing::warn!(
                command_type = %alert.command_type,
                command_id = %envelope.command_id,
                actor = %envelope.actor,
                justification,
                %permission,
                "a critical command was not permitted"
            ),
        }
    }
}

impl<F: Fn(&Alert) + Send + Sync> AlertSink for F {
    fn raise(&self, alert: &Alert) {
        self(alert);
    }
}
