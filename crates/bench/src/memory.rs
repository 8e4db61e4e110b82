//! P13: what the engine's process takes: idle, with 1,000,000 operations open, and while it catches up.
//!
//! The process is this program in the engine's role, so its code is that of `openprod serve` and some more.

use std::time::{Duration, Instant};

use openprod_storage::DataDirectory;
use tokio::runtime::Runtime;

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::measure::{Figure, Goal, Series};
use crate::rig::http_client::HttpClient;
use crate::rig::process::{Process, Taken};
use crate::rig::stores::{History, fill, found, workspace};

/// How many operations are open, and how many are caught up with.
const OPEN: u64 = 1_000_000;
const CATCH_UP: u64 = 100_000;

/// How many values each record of the catch-up has, so that each bundle has ten operations.
const COLUMNS: usize = 8;

/// How long a process may settle before it is looked at.
const SETTLE: Duration = Duration::from_secs(2);

/// How long the catch-up may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// A megabyte, in MiB.
const MEGABYTE: f64 = 1e6 / (1 << 20) as f64;

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let runtime = Runtime::new().during("start threads")?;
    let mut figures = runtime.block_on(async {
        let mut figures = vec![idle(setup).await?];
        figures.extend(open(setup).await?);
        Ok::<_, BenchError>(figures)
    })?;
    figures.extend(runtime.block_on(catch_up(setup))?);
    Ok(figures)
}

fn figure(what: &str, taken: &[Taken], of: fn(&Taken) -> f64) -> Figure {
    let series = Series::new(taken.iter().map(of).collect());
    let anonymous = Series::new(taken.iter().map(|taken| taken.anonymous).collect()).median();
    Figure::new("P13", what, "MiB", series).note(format!("{anonymous:.1} MiB of it are no file's"))
}

async fn idle(setup: &Setup) -> Result<Figure, BenchError> {
    let mut taken = Vec::new();
    for _ in 0..setup.rounds {
        let data = setup.directory()?;
        let engine = Process::engine(data.path())?;
        let mut client = engine.client().await?;
        client.post("/workspace/create", r#"{"name":"Tour"}"#).await?;
        client.get("/workspace/status").await?;
        tokio::time::sleep(SETTLE).await;
        taken.push(engine.taken()?);
        engine.stop()?;
    }
    Ok(figure("idle, one empty workspace", &taken, |taken| taken.resident).goal(Goal::AtMost(22.0)))
}

async fn open(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let data = setup.stores.data(History::Typed, setup.amount(OPEN))?;
    let (mut opened, mut sorted) = (Vec::new(), Vec::new());
    for _ in 0..setup.rounds {
        let engine = Process::engine(&data)?;
        let mut client = engine.client().await?;
        client.get("/records/list?table=Performance&limit=100").await?;
        tokio::time::sleep(SETTLE).await;
        opened.push(engine.taken()?);
        client
            .get("/records/list?table=Performance&limit=100&sort=seats:desc&q=amber")
            .await?;
        sorted.push(engine.taken()?);
        engine.stop()?;
    }
    Ok(vec![
        figure("1,000,000 operations open", &opened, |taken| taken.resident)
            .goal(Goal::AtMost(100.0 * MEGABYTE)),
        figure("the same, peak of a search", &sorted, |taken| taken.peak),
    ])
}

async fn catch_up(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let (mut givers, mut takers) = (Vec::new(), Vec::new());
    for _ in 0..setup.rounds {
        let (giver_data, taker_data) = (setup.directory()?, setup.directory()?);
        {
            let directory = DataDirectory::open(giver_data.path()).during("make a store")?;
            let identity = directory.identity([1; 32]).during("make a store")?;
            let storage = directory
                .create_workspace(workspace().id)
                .during("make a store")?;
            let mut engine = found(Box::new(storage), identity, COLUMNS)?;
            fill(
                &mut engine,
                History::Typed,
                setup.amount(CATCH_UP / (COLUMNS as u64 + 2)),
                COLUMNS,
                11,
            )?;
        }
        let (giver, taker) = (
            Process::engine(giver_data.path())?,
            Process::engine(taker_data.path())?,
        );
        let (mut giving, mut taking) = (giver.client().await?, taker.client().await?);
        let invitation = json(&giving.post("/workspace/invite", "{}").await?)?;
        let join = serde_json::json!({
            "invitation": invitation["invitation"], "address": giver.sync_address().to_string(),
        });
        taking.post("/workspace/join", &join.to_string()).await?;
        let goal = state_hash(&mut giving).await?;
        let started = Instant::now();
        while state_hash(&mut taking).await? != goal {
            if started.elapsed() > PATIENCE {
                return Err(BenchError::Wrong("two engines did not come into step".to_owned()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        givers.push(giver.taken()?);
        takers.push(taker.taken()?);
        taker.stop()?;
        giver.stop()?;
    }
    let goal = Goal::AtMost(256.0 * MEGABYTE);
    Ok(vec![
        figure("peak of catching up, 100,000 operations", &takers, |taken| {
            taken.peak
        })
        .goal(goal),
        figure("peak of the one that serves it", &givers, |taken| taken.peak).goal(goal),
    ])
}

async fn state_hash(client: &mut HttpClient) -> Result<serde_json::Value, BenchError> {
    Ok(json(&client.get("/workspace/status").await?)?["state_hash"].take())
}

fn json(body: &[u8]) -> Result<serde_json::Value, BenchError> {
    serde_json::from_slice(body).during("read an answer")
}
