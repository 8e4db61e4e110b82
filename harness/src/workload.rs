//! What people do, at random: small tables, few records, so that they meet in the same cells all the time.

mod drafts;
mod facts;

use openprod_core::{CommandId, EntityId, FieldType, Payload, Value};
use openprod_engine::command::{Between, FieldName, NewEdge, Part};
use openprod_engine::edge::{Direction, Edge};
use openprod_engine::schema::Table;
use openprod_engine::{Command, Decision, Destination, Envelope, NewField, Outcome, Request, TextEdit};

use self::drafts::{Preview, Staged};
use self::facts::Shared;
use crate::device::GiveError;
use crate::editor::Editor;
use crate::network::{DeviceId, Network};
use crate::random::Random;

/// How many records a table gets before people rather edit than add.
const RECORDS_MAX: u64 = 24;

/// People at work on the devices of a network.
pub struct Workload {
    random: Random,
    mix: Mix,
    /// The last command that was acknowledged, to be given again.
    last: Option<Given>,
    /// Facts that were recorded under a command id, to be recorded under it elsewhere.
    shared: Option<Shared>,
    staged: Staged,
    commands: u64,
}

/// What people do. Each mix draws its own numbers, so that a seed plays what it played when it was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mix {
    /// They edit records and their tables: they relate, merge, map and draft nothing, type no texts, and take nothing
    /// back.
    Records,
    /// They do everything that can be done to data, and record no facts.
    Data,
    /// They do everything.
    #[default]
    Everything,
}

impl Mix {
    /// How many choices there are.
    const fn choices(self) -> u64 {
        match self {
            Self::Records => 100,
            Self::Data => 220,
            Self::Everything => 260,
        }
    }
}

/// A command that was acknowledged.
struct Given {
    device: DeviceId,
    /// How often the device's disk had been put back by then.
    restores: u32,
    request: Request,
    outcome: Outcome,
}

/// What people can rely on did not hold.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The same command, given twice, had two outcomes.
    #[error("a command given again led to another outcome: {first:?}, then {again}")]
    Repeat {
        /// What it led to first.
        first: Box<Outcome>,
        /// What it led to then.
        again: String,
    },
    /// The drafts of a device are not what they were after its last command.
    #[error("the drafts of {device} changed by themselves: {kept}, now {now}")]
    Drafts {
        /// The device.
        device: String,
        /// What was staged.
        kept: String,
        /// What is staged.
        now: String,
    },
    /// A committed draft is not what it showed.
    #[error("a draft that {device} committed showed {entity} as {seen}, and now it is {now}")]
    Preview {
        /// The device.
        device: String,
        /// A record that the draft changed.
        entity: EntityId,
        /// What the draft showed.
        seen: String,
        /// What is shown.
        now: String,
    },
}

impl Workload {
    /// People whose doings follow from `random`.
    #[must_use]
    pub fn new(random: Random, mix: Mix) -> Self {
        Self {
            random,
            mix,
            last: None,
            shared: None,
            staged: Staged::default(),
            commands: 0,
        }
    }

    /// How many commands were acknowledged.
    #[must_use]
    pub const fn commands(&self) -> u64 {
        self.commands
    }

    /// Lets one person do one thing, if their device is up and there is anything to do it to.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn step(&mut self, network: &mut Network) -> Result<(), Broken> {
        let ids: Vec<_> = network
            .device_ids()
            .filter(|id| network.device(*id).is_up())
            .collect();
        if self.random.chance(50) {
            return self.repeat(network);
        }
        let Some(id) = self.random.pick(&ids).copied() else {
            return Ok(());
        };
        self.staged.check(network, id)?;
        let Some((command, given)) = self.command(network, id) else {
            return Ok(());
        };
        let preview = Preview::of(network, id, &command);
        let mut request = Request::new("simulation", command);
        request.destination = match &request.command {
            // No draft can hold them.
            Command::RecordFacts(_) | Command::ResolveDecision(_) => Destination::Log,
            _ => self.destination(network, id),
        };
        let bytes = self.random.seed();
        let mut command_id = [0; 16];
        command_id.copy_from_slice(&bytes[..16]);
        let command_id = given.unwrap_or(CommandId::from_bytes(command_id));
        request.envelope = Envelope {
            command_id: Some(command_id),
            ..request.envelope
        };
        if let Ok(outcome) = network.execute(id, &request) {
            self.commands += 1;
            self.shared = Shared::of(command_id, &request.command).or(self.shared.take());
            self.staged.keep(network, id);
            if let Some(preview) = preview {
                preview.check(network, id)?;
            }
            let restores = network.device(id).restores;
            self.last = Some(Given {
                device: id,
                restores,
                request,
                outcome,
            });
        }
        Ok(())
    }

    fn repeat(&mut self, network: &mut Network) -> Result<(), Broken> {
        let Some(Given {
            device: id,
            restores,
            request,
            outcome,
        }) = self.last.take()
        else {
            return Ok(());
        };
        // A device whose disk was put back no longer knows which commands it was given: it may get the change back
        // from others, but not the memory of the command.
        if !network.device(id).is_up() || network.device(id).restores != restores {
            return Ok(());
        }
        match network.execute(id, &request) {
            Ok(again) if same(&again, &outcome) => Ok(()),
            Ok(again) => Err(Broken::Repeat {
                first: Box::new(outcome),
                again: format!("{again:?}"),
            }),
            Err(GiveError::Refused(openprod_engine::CommandError::Storage(_)) | GiveError::Down) => Ok(()),
            Err(error) => Err(Broken::Repeat {
                first: Box::new(outcome),
                again: error.to_string(),
            }),
        }
    }

    /// A command, and the id under which somebody else gave it, if that is to be its id.
    fn command(&mut self, network: &Network, id: DeviceId) -> Option<(Command, Option<CommandId>)> {
        match self.data_command(network, id)? {
            Choice::Command(command) => Some((command, None)),
            Choice::Fact => self.fact_command(network, id),
        }
    }

    fn data_command(&mut self, network: &Network, id: DeviceId) -> Option<Choice> {
        let snapshot = network.device(id).view()?;
        let schema = snapshot.schema();
        if schema.tables.is_empty() || self.random.chance(15) {
            let name = ["Cues", "People", "Venues"][self.random.index(3)].to_owned();
            let mut fields = vec![
                NewField::new("label", FieldType::Text),
                NewField::new("number", FieldType::Integer),
                NewField::new("day", FieldType::Date),
            ];
            if self.mix != Mix::Records {
                fields.push(NewField::new("body", FieldType::CrdtText));
                fields.push(NewField::new("steps", FieldType::CrdtList));
            }
            return Some(Choice::Command(Command::CreateTable { name, fields }));
        }
        let table = self.random.pick(&schema.tables)?;
        let named = table.id.entity().to_string();
        let records: Vec<EntityId> = snapshot
            .members(table.id, None, usize::MAX)
            .ok()?
            .into_iter()
            .map(|(entity, _)| entity)
            .collect();
        let fields: Vec<(String, FieldType)> = table
            .fields
            .iter()
            .filter(|field| !is_edited(field.field_type))
            .map(|field| (field.name.clone(), field.field_type))
            .collect();
        let hot = |random: &mut Random, records: &[EntityId]| {
            // Most edits meet in a few records.
            let few = records.len().min(if random.chance(700) { 3 } else { usize::MAX });
            random.pick(&records[..few]).copied()
        };
        let choice = self.random.below(self.mix.choices());
        let command = match choice {
            220.. => return Some(Choice::Fact),
            100..120 | 196..210 => self.edge_command(network, id, &records),
            120..123 => Some(Command::DetachRecord {
                entity: hot(&mut self.random, &records)?,
                table: named,
            }),
            123..126 => {
                let other = self.random.pick(&schema.tables)?;
                Some(Command::AttachRecord {
                    entity: hot(&mut self.random, &records)?,
                    table: other.id.entity().to_string(),
                    fields: Vec::new(),
                })
            }
            126..132 | 210..220 => {
                let (one, other) = (hot(&mut self.random, &records)?, hot(&mut self.random, &records)?);
                let names: Vec<_> = snapshot.synonyms().aliases.names(one).skip(1).collect();
                Some(match self.random.pick(&names) {
                    Some(name) if self.random.chance(500) => Command::SplitRecord {
                        source: one,
                        part: Part::Name(*name),
                    },
                    _ => Command::MergeRecords {
                        survivor: one,
                        absorbed: other,
                    },
                })
            }
            136..164 => {
                let entity = hot(&mut self.random, &records)?;
                self.text_command(network, id, entity, table)
            }
            164..184 => self.draft_command(network, id),
            184..191 => Some(Command::Undo),
            191..196 => Some(Command::Redo),
            132..136 => {
                let (a, b) = (self.field_name(&schema.tables)?, self.field_name(&schema.tables)?);
                Some(if self.random.chance(500) {
                    Command::ConfirmMapping { a, b }
                } else {
                    Command::RejectMapping { a, b }
                })
            }
            0..15 if (records.len() as u64) < RECORDS_MAX => {
                let count = self.random.between(1, 3);
                let records = (0..count).map(|_| self.values(&fields)).collect();
                Some(Command::CreateRecords {
                    table: named,
                    records,
                })
            }
            0..62 => {
                let fields = self.values(&fields);
                let entity = hot(&mut self.random, &records)?;
                (!fields.is_empty()).then_some(Command::UpdateRecord {
                    entity,
                    table: named,
                    fields,
                })
            }
            62..72 => Some(Command::DeleteRecord {
                entity: hot(&mut self.random, &records)?,
            }),
            72..80 => {
                let deleted = deleted(network, id, |payload| match payload {
                    Payload::DeleteEntity(op) => Some(op.entity),
                    _ => None,
                });
                Some(Command::RestoreRecord {
                    entity: self.random.pick(&deleted).copied()?,
                })
            }
            80..92 => {
                let conflicts = snapshot.conflicts().ok()?;
                let conflict = self.random.pick(&conflicts)?;
                let picked = self.random.pick(&conflict.candidates)?;
                let decision = if self.random.chance(600) {
                    Decision::Pick(picked.op_id)
                } else {
                    Decision::Value(picked.value.clone())
                };
                Some(Command::ResolveConflict {
                    conflict: conflict.id,
                    decision,
                })
            }
            _ => Some(self.schema_change(named, &fields)),
        };
        command.map(Choice::Command)
    }

    /// Makes, moves, changes or deletes one of the few edges that records have.
    fn edge_command(&mut self, network: &Network, id: DeviceId, records: &[EntityId]) -> Option<Command> {
        let snapshot = network.device(id).snapshot()?;
        let few = &records[..records.len().min(3)];
        let source = self.random.pick(few).copied()?;
        let siblings = snapshot.edges(source, Direction::Outgoing, Some("part")).ok()?;
        let edge = self.random.pick(&siblings).map(|edge| edge.id);
        let property = || ("role".to_owned(), Value::Integer(2));
        let command = match (self.random.below(9), edge) {
            (8, _) => {
                let deleted = deleted(network, id, |payload| match payload {
                    Payload::DeleteEdge(op) => Some(op.edge),
                    _ => None,
                });
                Command::RestoreEdge {
                    edge: self.random.pick(&deleted).copied()?,
                }
            }
            (0..3, _) | (_, None) if siblings.len() < 8 => Command::CreateEdge(NewEdge {
                source,
                target: self.random.pick(records).copied()?,
                edge_type: "part".to_owned(),
                properties: vec![property()],
                ordered: self.random.chance(800).then(|| self.between(&siblings)),
            }),
            (3, Some(edge)) => Command::DeleteEdge { edge },
            (4, Some(edge)) => {
                let value = Value::Integer(self.random.below(3).cast_signed());
                let properties = vec![("role".to_owned(), value)];
                Command::UpdateEdge { edge, properties }
            }
            (5, Some(_)) => Command::RebalanceEdges {
                entity: source,
                edge_type: "part".to_owned(),
            },
            (_, Some(edge)) => Command::MoveEdge {
                edge,
                between: self.between(&siblings),
            },
            (_, None) => return None,
        };
        Some(command)
    }

    /// Types into a text or list, or takes something out of it.
    fn text_command(
        &mut self,
        network: &Network,
        id: DeviceId,
        entity: EntityId,
        table: &Table,
    ) -> Option<Command> {
        let snapshot = network.device(id).view()?;
        let fields: Vec<_> = table
            .fields
            .iter()
            .filter(|field| is_edited(field.field_type))
            .collect();
        let field = self.random.pick(&fields)?;
        let session = self.random.below(u64::MAX);
        let editor = Editor::open(&snapshot.text(entity, field, session).ok()??);
        // One insertion or one place less at a time: what the oracle reads, and what typing is.
        let length = u64::from(editor.len());
        let at = self.random.between(0, length);
        if at < length && self.random.chance(350) {
            editor.erase(at as u32, 1);
        } else {
            let letter = char::from(b'a' + self.random.below(26) as u8);
            let words: String = std::iter::repeat_n(letter, self.random.between(1, 5) as usize).collect();
            editor.insert(at as u32, &words);
        }
        Some(Command::EditText(TextEdit {
            entity,
            table: table.id.entity().to_string(),
            field: field.name.clone(),
            session,
            delta: editor.delta(),
        }))
    }

    /// A place before or behind one of the siblings, or at their end.
    fn between(&mut self, siblings: &[Edge]) -> Between {
        let neighbour = self.random.pick(siblings).map(|edge| edge.id);
        let (after, before) = if self.random.chance(500) {
            (neighbour, None)
        } else {
            (None, neighbour)
        };
        Between { after, before }
    }

    fn field_name(&mut self, tables: &[Table]) -> Option<FieldName> {
        let table = self.random.pick(tables)?;
        let field = self.random.pick(&table.fields)?;
        Some(FieldName {
            table: table.id.entity().to_string(),
            field: field.name.clone(),
        })
    }

    fn schema_change(&mut self, table: String, fields: &[(String, FieldType)]) -> Command {
        let (mut name, mut add_fields, mut rename_fields, mut remove_fields) =
            (None, Vec::new(), Vec::new(), Vec::new());
        let fresh = format!("n{}", self.random.below(6));
        let field = self.random.pick(fields).map(|(name, _)| name.clone());
        match (self.random.below(5), field) {
            (0, _) | (1, None) => name = Some(fresh),
            (1, Some(field)) if fields.len() > 2 => remove_fields.push(field),
            (2, Some(field)) => rename_fields.push((field, fresh)),
            _ => add_fields.push(NewField::new(&fresh, FieldType::Text)),
        }
        Command::UpdateTable {
            table,
            name,
            add_fields,
            rename_fields,
            remove_fields,
        }
    }

    /// One or two fields, each with one of few values, so that equal values are written apart too.
    fn values(&mut self, fields: &[(String, FieldType)]) -> Vec<(String, Value)> {
        let mut values: Vec<(String, Value)> = Vec::new();
        for _ in 0..self.random.between(1, 2) {
            let Some((name, field_type)) = self.random.pick(fields) else {
                break;
            };
            if values.iter().any(|(other, _)| other == name) {
                continue;
            }
            let number = self.random.below(5);
            let value = match field_type {
                _ if self.random.chance(80) => Value::Empty,
                FieldType::Integer => Value::Integer(number.cast_signed()),
                FieldType::Date => Value::Date(20_000 + number as i32),
                _ => Value::Text(format!("v{number}")),
            };
            values.push((name.clone(), value));
        }
        values
    }
}

/// What is to be done.
enum Choice {
    Command(Command),
    /// Something about facts.
    Fact,
}

/// Whether a command given again had the outcome that it had first. That it is told to be a repetition is right.
fn same(again: &Outcome, first: &Outcome) -> bool {
    let repeated = first.repeated;
    *first
        == Outcome {
            repeated,
            ..again.clone()
        }
}

/// Whether fields of this type are edited and not set.
const fn is_edited(field_type: FieldType) -> bool {
    matches!(field_type, FieldType::CrdtText | FieldType::CrdtList)
}

/// What the log says was deleted, whatever became of it since.
fn deleted<Id: Copy + Ord>(
    network: &Network,
    id: DeviceId,
    deletion: impl Fn(Payload) -> Option<Id>,
) -> Vec<Id> {
    let snapshot = network.device(id).snapshot();
    let bundles =
        snapshot.and_then(|snapshot| snapshot.bundles(openprod_storage::Position(0), usize::MAX).ok());
    let mut deleted: Vec<_> = bundles
        .into_iter()
        .flatten()
        .flat_map(|bundle| bundle.payloads().collect::<Vec<_>>())
        .filter_map(|(_, payload)| deletion(payload.ok()?))
        .collect();
    deleted.dedup();
    deleted
}
