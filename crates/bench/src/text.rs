//! P11: a real editing session of 259,778 keystrokes, as another peer takes it in; what is stored for it; and how long
//! its text takes to be read.
//!
//! The limit is the sum of what cannot be left out: the same number of bundles with a plain value each, and Yrs
//! applying the same updates.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use openprod_core::{EntityId, FieldType, Value, VerifiedBundle};
use openprod_engine::text::Content;
use openprod_engine::{Command, Engine, NewField, Request, TextEdit, TextState};
use openprod_storage::Position;
use serde_json::Value as Json;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode as _;
use yrs::{
    Doc, GetString as _, OffsetKind, Options, ReadTxn as _, StateVector, Text as _, Transact as _, Update,
};

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::measure::{Contestant, Figure, Goal, Series, interleave, timed};
use crate::rig::clock::now;
use crate::rig::stores::{identity, sqlite, workspace};

const TRACE: &str = "automerge-paper.json.gz";

/// How many keystrokes an editor sends together.
const BATCH: usize = 24;

/// The least keystrokes for a stored operation.
const GOAL_BATCH: f64 = 20.0;

/// The most that the text may cost, measured by plain values and Yrs together.
const GOAL: f64 = 1.5;

/// The longest that the text may take to be read, in milliseconds.
const GOAL_LOAD_MS: f64 = 10.0;

/// How many bundles are taken in together, and how many edits are made durable together.
const TOGETHER: usize = 320;

const TABLE: &str = "Papers";

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let Some(trace) = trace()? else {
        println!("skipped: the editing trace {TRACE} is not beside this checkout");
        return Ok(Vec::new());
    };
    let keys = trace["txns"]
        .as_array()
        .ok_or_else(|| wrong("the trace has no edits"))?;
    let keys = &keys[..(setup.amount(keys.len() as u64) as usize).min(keys.len())];
    let whole = keys.len() == trace["txns"].as_array().map_or(0, Vec::len);
    let authored = Authored::new(setup, keys)?;
    if whole && trace["endContent"].as_str() != Some(authored.end.as_str()) {
        return Err(wrong("the trace ended in another text"));
    }

    let mut contestants: [Contestant<'_>; 5] = [
        Box::new(|| authored.take_in(setup, &authored.typed)),
        Box::new(|| authored.take_in(setup, &authored.plain)),
        Box::new(|| apply_alone(&authored.deltas, &authored.end)),
        Box::new(|| authored.load()),
        Box::new(|| load_alone(&authored.state, &authored.end)),
    ];
    let series = interleave(setup.rounds, &mut contestants)?;
    let [typed, plain, yrs, load, load_alone] = series.try_into().expect("there are five contestants");
    let both = plain.plus(&yrs);
    let operations = authored.deltas.len();
    let bytes: usize = authored.typed.iter().map(|bundle| bundle.bytes().len()).sum();
    Ok(vec![
        Figure::new("P11", "the trace taken in from a peer", "s", typed.clone())
            .beside(
                "as many plain values taken in, and Yrs applying the updates",
                both,
            )
            .goal(Goal::RatioAtMost(GOAL))
            .note(format!(
                "{} keystrokes in {operations} bundles; {:.1} µs an operation",
                keys.len(),
                typed.median() * 1e6 / operations as f64
            )),
        Figure::new("P11", "the same, beside Yrs alone", "s", typed).beside("Yrs applying the updates", yrs),
        Figure::new(
            "P11",
            "keystrokes for a stored operation",
            "keys",
            Series::one(keys.len() as f64 / operations as f64),
        )
        .goal(Goal::AtLeast(GOAL_BATCH)),
        Figure::new(
            "P11",
            "bytes in the log for a keystroke",
            "B",
            Series::one(bytes as f64 / keys.len() as f64),
        )
        .note(format!("the text itself has {} bytes", authored.end.len())),
        Figure::new(
            "P11",
            "an edit at the author's, 320 durable together",
            "µs",
            Series::one(authored.typing_us),
        ),
        Figure::new("P11", "load", "ms", load)
            .beside("Yrs loading its own state", load_alone)
            .goal(Goal::AtMost(GOAL_LOAD_MS)),
    ])
}

/// What the author wrote.
struct Authored {
    _directory: tempfile::TempDir,
    engine: Engine,
    paper: EntityId,
    /// What a reader has before the edits.
    base: Vec<VerifiedBundle>,
    /// The edits of the text, a bundle each.
    typed: Vec<VerifiedBundle>,
    /// As many edits of a plain field, a bundle each.
    plain: Vec<VerifiedBundle>,
    deltas: Vec<Vec<u8>>,
    /// The text in the end.
    end: String,
    /// All of it as Yrs keeps it.
    state: Vec<u8>,
    /// What an edit cost here, in microseconds.
    typing_us: f64,
}

impl Authored {
    fn new(setup: &Setup, keys: &[Json]) -> Result<Self, BenchError> {
        let directory = setup.directory()?;
        let storage = sqlite(directory.path())?;
        let mut engine =
            Engine::create(storage, identity(1), workspace(), [1; 32], now()).during("create a workspace")?;
        let fields = vec![
            NewField::new("title", FieldType::Text),
            NewField::new("body", FieldType::CrdtText),
        ];
        let table = TABLE.to_owned();
        let create = Command::CreateTable {
            name: table.clone(),
            fields,
        };
        engine
            .execute(&Request::new("bench", create), now())
            .during("create a table")?;
        let records = vec![vec![("title".to_owned(), Value::Text("Paper".to_owned()))]];
        let create = Command::CreateRecords { table, records };
        let (outcome, _) = engine
            .execute(&Request::new("bench", create), now())
            .during("create a record")?;
        let paper = outcome.created[0];
        let base = bundles(&engine, Position(0))?;
        let session = 11;
        let editor = document(text(&engine, paper, session)?.client.get());
        let mut deltas = Vec::with_capacity(keys.len() / BATCH + 1);
        for keys in keys.chunks(BATCH) {
            deltas.push(keystrokes(&editor, keys)?);
        }
        let end = content(&editor);
        let state = editor
            .transact()
            .encode_state_as_update_v1(&StateVector::default());
        let edits = deltas.iter().map(|delta| {
            Command::EditText(TextEdit {
                entity: paper,
                table: TABLE.to_owned(),
                field: "body".to_owned(),
                session,
                delta: delta.clone(),
            })
        });
        let (took, typed) = timed(|| write(&mut engine, edits))?;
        let plain = (0..deltas.len()).map(|number| Command::UpdateRecord {
            entity: paper,
            table: TABLE.to_owned(),
            fields: vec![(
                "title".to_owned(),
                Value::Text(format!("Paper, version {number}")),
            )],
        });
        let plain = write(&mut engine, plain)?;
        Ok(Self {
            _directory: directory,
            typing_us: took.as_secs_f64() * 1e6 / deltas.len() as f64,
            engine,
            paper,
            base,
            typed,
            plain,
            deltas,
            end,
            state,
        })
    }

    /// Lets a newcomer take in these edits; in seconds.
    fn take_in(&self, setup: &Setup, bundles: &[VerifiedBundle]) -> Result<f64, BenchError> {
        let directory = setup.directory()?;
        let mut engine =
            Engine::join(sqlite(directory.path())?, identity(2), workspace(), [2; 32]).during("join")?;
        // The plain edits follow those of the text in the author's log, so they are taken in behind them.
        take_in(&mut engine, &self.base)?;
        if std::ptr::eq(bundles, self.plain.as_slice()) {
            take_in(&mut engine, &self.typed)?;
        }
        let (took, ()) = timed(|| take_in(&mut engine, bundles))?;
        if text(&engine, self.paper, 1)?.content != Content::Text(self.end.clone()) {
            return Err(wrong("another text arrived"));
        }
        Ok(took.as_secs_f64())
    }

    /// Reads the text as an editor does that begins with it; in milliseconds.
    fn load(&self) -> Result<f64, BenchError> {
        let (took, state) = timed(|| text(&self.engine, self.paper, 5))?;
        match state.content {
            Content::Text(text) if text == self.end => Ok(took.as_secs_f64() * 1e3),
            _ => Err(wrong("another text was read")),
        }
    }
}

fn wrong(what: &str) -> BenchError {
    BenchError::Wrong(what.to_owned())
}

fn text(engine: &Engine, paper: EntityId, session: u64) -> Result<TextState, BenchError> {
    let snapshot = engine.snapshots().take().during("read a text")?;
    let field = snapshot
        .schema()
        .find(TABLE)
        .and_then(|table| table.field("body"))
        .ok_or_else(|| wrong("the text is gone"))?;
    let state = snapshot.text(paper, field, session).during("read a text")?;
    state.ok_or_else(|| wrong("the field is no text"))
}

/// Carries out commands; returns their bundles.
fn write(
    engine: &mut Engine,
    commands: impl Iterator<Item = Command>,
) -> Result<Vec<VerifiedBundle>, BenchError> {
    let before = engine
        .snapshots()
        .take()
        .and_then(|snapshot| snapshot.last())
        .during("read the log")?;
    let mut commands = commands.peekable();
    while commands.peek().is_some() {
        let mut transaction = engine.begin(now()).during("edit")?;
        for command in commands.by_ref().take(TOGETHER) {
            transaction
                .execute(&Request::new("bench", command))
                .during("edit")?;
        }
        transaction.commit().during("edit")?;
    }
    bundles(engine, before)
}

fn bundles(engine: &Engine, after: Position) -> Result<Vec<VerifiedBundle>, BenchError> {
    let snapshot = engine.snapshots().take().during("read the log")?;
    snapshot.bundles(after, usize::MAX).during("read the log")
}

fn take_in(engine: &mut Engine, bundles: &[VerifiedBundle]) -> Result<(), BenchError> {
    for batch in bundles.chunks(TOGETHER) {
        // As a delivery comes: bytes that are yet to be checked.
        let verified: Vec<_> = batch
            .iter()
            .map(|bundle| openprod_core::Bundle::decode(bundle.bytes().as_ref())?.verify(workspace().id))
            .collect::<Result<_, _>>()
            .during("verify bundles")?;
        let (receipt, _) = engine.receive(&verified, now()).during("take in bundles")?;
        if receipt.accepted != batch.len() {
            return Err(BenchError::Wrong(format!("bundles were refused: {receipt:?}")));
        }
    }
    Ok(())
}

/// Yrs applying the updates one by one, and reading the text in the end; in seconds.
fn apply_alone(deltas: &[Vec<u8>], end: &str) -> Result<f64, BenchError> {
    let (took, text) = timed(|| {
        let doc = document(1);
        for delta in deltas {
            let update = Update::decode_v1(delta).during("read an update")?;
            doc.transact_mut()
                .apply_update(update)
                .during("apply an update")?;
        }
        Ok(content(&doc))
    })?;
    if text == end {
        return Ok(took.as_secs_f64());
    }
    Err(wrong("Yrs ended with another text"))
}

/// Yrs reading its own state; in milliseconds.
fn load_alone(state: &[u8], end: &str) -> Result<f64, BenchError> {
    Ok(apply_alone(&[state.to_vec()], end)? * 1e3)
}

fn document(client: u64) -> Doc {
    let doc = Doc::with_options(Options {
        client_id: ClientID::new(client),
        offset_kind: OffsetKind::Utf16,
        ..Options::default()
    });
    doc.get_or_insert_text("text");
    doc
}

fn content(doc: &Doc) -> String {
    let text = doc.get_or_insert_text("text");
    text.get_string(&doc.transact())
}

/// Plays keystrokes, and gives the update.
fn keystrokes(editor: &Doc, keys: &[Json]) -> Result<Vec<u8>, BenchError> {
    let root = editor.get_or_insert_text("text");
    let mut transaction = editor.transact_mut();
    for (at, removed, added) in joined(keys)? {
        if removed > 0 {
            root.remove_range(&mut transaction, at, removed);
        }
        if !added.is_empty() {
            root.insert(&mut transaction, at, &added);
        }
    }
    Ok(transaction.encode_update_v1())
}

/// The keystrokes, letters that follow each other in one, and backspaces too: where, how much is removed, what is
/// added.
fn joined(keys: &[Json]) -> Result<Vec<(u32, u32, String)>, BenchError> {
    let mut joined: Vec<(u32, u32, String)> = Vec::new();
    for patch in keys.iter().filter_map(|key| key["patches"].as_array()).flatten() {
        let (Some(at), Some(removed), Some(added)) =
            (patch[0].as_u64(), patch[1].as_u64(), patch[2].as_str())
        else {
            return Err(wrong("the trace has an edit that is none"));
        };
        let (at, removed) = (at as u32, removed as u32);
        match joined.last_mut() {
            Some((start, _, text)) if removed == 0 && at == *start + text.chars().count() as u32 => {
                text.push_str(added);
            }
            Some((start, count, text)) if text.is_empty() && added.is_empty() && at + removed == *start => {
                *start = at;
                *count += removed;
            }
            _ => joined.push((at, removed, added.to_owned())),
        }
    }
    Ok(joined)
}

/// The trace; `None` when it is not there.
fn trace() -> Result<Option<Json>, BenchError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = std::env::var_os("OPENPROD_TEST_DATA").map_or_else(|| "../shared/data".into(), PathBuf::from);
    let Ok(file) = std::fs::File::open(root.join(data).join("traces").join(TRACE)) else {
        return Ok(None);
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .during("read the trace")?;
    serde_json::from_str(&text).map(Some).during("read the trace")
}
