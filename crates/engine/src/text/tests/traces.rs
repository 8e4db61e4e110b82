//! Real editing sessions, keystroke by keystroke, as peers would see them.

use std::io::{Read as _, Write as _};
use std::path::Path;

use serde_json::Value;
use yrs::{Doc, Text as _, Transact as _};

use super::super::Kind;
use super::super::document::{Document, empty};
use super::{bundle, client, text};

/// Keystrokes in a delta of the sequential trace.
const BATCH: usize = 24;

/// The trace; `None`, and said so, when it is not there.
fn trace(test: &str, name: &str) -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    #[expect(
        clippy::disallowed_methods,
        reason = "where the data is, is a matter of the machine that tests"
    )]
    let (data, skips) = (
        std::env::var_os("OPENPROD_TEST_DATA"),
        std::env::var_os("OPENPROD_SKIP_FILE"),
    );
    let path = root
        .join(data.unwrap_or_else(|| "../shared/data".into()))
        .join("traces")
        .join(name);
    let Ok(file) = std::fs::File::open(path) else {
        let line = format!("{test}: no real data ({name}) here\n");
        print!("SKIPPED: {line}");
        if let Some(file) = skips {
            let mut file = std::fs::File::options()
                .append(true)
                .create(true)
                .open(file)
                .unwrap();
            file.write_all(line.as_bytes()).unwrap();
        }
        return None;
    };
    let mut json = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut json)
        .unwrap();
    Some(serde_json::from_str(&json).unwrap())
}

/// Plays the patches of some transactions, and gives the delta.
fn keystrokes(editor: &Doc, transactions: &[Value]) -> Vec<u8> {
    let root = editor.get_or_insert_text(Kind::Text.root());
    let mut transaction = editor.transact_mut();
    for (at, removed, added) in changes(transactions) {
        if removed > 0 {
            root.remove_range(&mut transaction, at, removed);
        }
        if !added.is_empty() {
            root.insert(&mut transaction, at, &added);
        }
    }
    transaction.encode_update_v1()
}

/// The patches, with letters that follow each other in one, and so with backspaces: yrs finds an offset by
/// walking there, which for each key by itself takes most of the test's time.
fn changes(transactions: &[Value]) -> Vec<(u32, u32, String)> {
    let mut changes: Vec<(u32, u32, String)> = Vec::new();
    for patch in transactions
        .iter()
        .flat_map(|one| one["patches"].as_array().unwrap())
    {
        let at = patch[0].as_u64().unwrap() as u32;
        let removed = patch[1].as_u64().unwrap() as u32;
        let added = patch[2].as_str().unwrap();
        match changes.last_mut() {
            Some((start, _, text)) if removed == 0 && at == *start + text.chars().count() as u32 => {
                text.push_str(added);
            }
            Some((start, count, text)) if text.is_empty() && added.is_empty() && at + removed == *start => {
                *start = at;
                *count += removed;
            }
            _ => changes.push((at, removed, added.to_owned())),
        }
    }
    changes
}

#[test]
fn sequential_trace_ends_alike_on_two_peers() {
    let Some(trace) = trace(
        "sequential_trace_ends_alike_on_two_peers",
        "automerge-paper.json.gz",
    ) else {
        return;
    };
    let author = client(7);
    let editor = empty(Kind::Text, author);
    let (mut near, mut far) = (Document::new(Kind::Text), Document::new(Kind::Text));
    let mut deltas = Vec::new();
    for transactions in trace["txns"].as_array().unwrap().chunks(BATCH) {
        deltas.push(keystrokes(&editor, transactions));
    }
    for (seq, delta) in (1..).zip(&deltas) {
        near.apply(delta, author, bundle(0, seq), &|_, of| of < seq)
            .unwrap();
        // The other peer is restarted now and then.
        far.apply(delta, author, bundle(3, seq), &|_, of| of < seq)
            .unwrap();
        if seq % 2_000 == 0 {
            far = Document::decode(&far.encode()).unwrap();
        }
    }
    assert_eq!(deltas.len(), 259_778_usize.div_ceil(BATCH));
    let end = trace["endContent"].as_str().unwrap();
    assert!(text(&near) == end && text(&far) == end);
    assert_eq!(near.canonical(), far.canonical());

    let stored = near.encode();
    assert!(stored.len() < 3 * end.len(), "{} bytes", stored.len());
}

/// One delta of the concurrent trace.
struct Sent {
    author: usize,
    seq: u64,
    delta: Vec<u8>,
    /// How many deltas of each author its author had seen, its own included.
    past: [u64; 2],
}

fn apply(document: &mut Document, sent: &Sent) {
    let covers = |chain: openprod_storage::ChainId, seq| seq <= sent.past[chain.0 as usize];
    document
        .apply(
            &sent.delta,
            client(sent.author as u64 + 1),
            bundle(sent.author as u32, sent.seq),
            &covers,
        )
        .unwrap();
}

#[test]
fn concurrent_trace_ends_alike_in_every_arrival_order() {
    let Some(trace) = trace(
        "concurrent_trace_ends_alike_in_every_arrival_order",
        "friendsforever.json.gz",
    ) else {
        return;
    };
    let transactions = trace["txns"].as_array().unwrap();
    // For each transaction, how many transactions of each author its past holds, itself included.
    let mut versions: Vec<[usize; 2]> = Vec::new();
    let mut authors = Vec::new();
    let mut counts = [0, 0];
    for one in transactions {
        let author = one["agent"].as_u64().unwrap() as usize;
        let mut version = [0, 0];
        for parent in one["parents"].as_array().unwrap() {
            let parent = versions[parent.as_u64().unwrap() as usize];
            version = [version[0].max(parent[0]), version[1].max(parent[1])];
        }
        assert_eq!(
            version[author], counts[author],
            "each author goes on from all of its own"
        );
        counts[author] += 1;
        version[author] = counts[author];
        versions.push(version);
        authors.push(author);
    }

    // Each author sends a delta whenever it takes something in, or the other needs what it has.
    let mut sent: Vec<Sent> = Vec::new();
    let editors = [empty(Kind::Text, client(1)), empty(Kind::Text, client(2))];
    let mut replicas = [Document::new(Kind::Text), Document::new(Kind::Text)];
    let mut seqs = [0_u64, 0];
    // After how many of its transactions an author sent each of its deltas.
    let mut ends: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
    let mut seen = [[0_u64, 0], [0, 0]];
    let needed: std::collections::BTreeSet<(usize, usize)> = versions
        .iter()
        .zip(&authors)
        .map(|(version, author)| (1 - author, version[1 - author]))
        .collect();
    let mut batch: [Vec<Value>; 2] = [Vec::new(), Vec::new()];
    let mut counts = [0, 0];
    for index in 0..transactions.len() {
        let (author, version) = (authors[index], versions[index]);
        let other = 1 - author;
        // Take in what this transaction builds on.
        while seen[author][other] < seqs[other] && ends[other][seen[author][other] as usize] <= version[other]
        {
            let seq = seen[author][other] + 1;
            let one = sent
                .iter()
                .find(|one| one.author == other && one.seq == seq)
                .unwrap();
            assert!(batch[author].is_empty());
            apply(&mut replicas[author], one);
            let update = <yrs::Update as yrs::updates::decoder::Decode>::decode_v1(&one.delta).unwrap();
            editors[author].transact_mut().apply_update(update).unwrap();
            seen[author][other] = seq;
        }
        counts[author] += 1;
        batch[author].push(transactions[index].clone());
        // The next transaction of this author may build on more of the other's.
        let next = (index + 1..transactions.len()).find(|next| authors[*next] == author);
        let takes_more = next.is_none_or(|next| versions[next][other] != version[other]);
        if takes_more || needed.contains(&(author, counts[author])) || batch[author].len() >= 20 {
            let delta = keystrokes(&editors[author], &batch[author]);
            batch[author].clear();
            seqs[author] += 1;
            seen[author][author] = seqs[author];
            ends[author].push(counts[author]);
            let one = Sent {
                author,
                seq: seqs[author],
                delta,
                past: seen[author],
            };
            apply(&mut replicas[author], &one);
            sent.push(one);
        }
    }
    let end = trace["endContent"].as_str().unwrap();

    let mut canonical = Vec::new();
    for order in 0..6_u64 {
        let mut document = Document::new(Kind::Text);
        let mut applied = [0_u64, 0];
        let queues: [Vec<&Sent>; 2] =
            [0, 1].map(|author| sent.iter().filter(|one| one.author == author).collect());
        for turn in 0..sent.len() as u64 {
            let ready = [0, 1].map(|author: usize| {
                queues[author]
                    .get(applied[author] as usize)
                    .is_some_and(|one| one.past[1 - author] <= applied[1 - author])
            });
            // As far ahead with one author as can be, or now this, now that one.
            let wanted = match order {
                0 | 1 => order as usize,
                _ => (turn / order % 2) as usize,
            };
            let author = if ready[wanted] { wanted } else { 1 - wanted };
            apply(&mut document, queues[author][applied[author] as usize]);
            applied[author] += 1;
        }
        assert!(text(&document) == end, "order {order}");
        canonical.push(document.canonical());
    }
    assert!(canonical.windows(2).all(|pair| pair[0] == pair[1]));
}
