//! P5: how many records a second many clients create over HTTP, each waiting until its own is durable.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::create::prepare;
use crate::limit::http_store;
use crate::measure::{Figure, Goal, Series, percentile};
use crate::rig::http_client::HttpClient;
use crate::rig::process::Process;
use crate::rig::stores::COLUMNS;
use crate::workload::{Rows, create_request};

/// How long each round lasts for each side.
const ROUND: Duration = Duration::from_millis(1_500);

/// How many different records the clients take turns in creating.
const BODIES: usize = 1_000;

const GOAL: f64 = 0.5;

const GOAL_PER_SECOND: f64 = 5_000.0;

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .during("start threads")?;
    [16, 64]
        .into_iter()
        .map(|clients| measure(setup, &runtime, clients))
        .collect()
}

fn measure(setup: &Setup, runtime: &Runtime, clients: usize) -> Result<Figure, BenchError> {
    let (data, limit_directory) = (setup.directory()?, setup.directory()?);
    let engine = Process::engine(data.path())?;
    let limit = Process::limit(http_store::ROLE, limit_directory.path())?;
    let mut rows = Rows::new(10);
    let bodies: Vec<_> = (0..BODIES).map(|_| create_request(&rows.next(COLUMNS))).collect();
    let bodies: &'static [String] = bodies.leak();
    let round = ROUND.mul_f64(setup.amount(1_000) as f64 / 1_000.0);
    let mut figures = runtime.block_on(async {
        let mut asker = prepare(&engine).await?;
        let (mut ours, mut limits) = (
            Side::new(&engine, clients).await?,
            Side::new(&limit, clients).await?,
        );
        for turn in 0..=setup.rounds {
            let counts = turn > 0;
            if turn.is_multiple_of(2) {
                ours.run(bodies, round, counts).await?;
                limits.run(bodies, round, counts).await?;
            } else {
                limits.run(bodies, round, counts).await?;
                ours.run(bodies, round, counts).await?;
            }
        }
        // Every answer that said so must be true.
        let page = asker.get("/records/list?table=Performance&limit=1").await?;
        let page: serde_json::Value = serde_json::from_slice(&page).during("read the records")?;
        if page["total"] != ours.created {
            let total = &page["total"];
            return Err(BenchError::Wrong(format!(
                "{} creates were answered, {total} records are there",
                ours.created
            )));
        }
        Ok((ours, limits))
    })?;
    engine.stop()?;
    limit.stop()?;
    let latency = |side: &Side, percent| percentile(&side.waited, percent) / 1_000.0;
    let (ours, limits) = (&figures.0, &figures.1);
    let note = format!(
        "p50 {:.1} ms and p99 {:.1} ms, the limit's {:.1} and {:.1}",
        latency(ours, 50.0),
        latency(ours, 99.0),
        latency(limits, 50.0),
        latency(limits, 99.0)
    );
    let figure = Figure::new(
        "P5",
        format!("{clients} clients"),
        "records/s",
        Series::new(figures.0.take_rates()),
    );
    Ok(figure
        .beside(
            "an HTTP server that stores bodies in SQLite, together",
            Series::new(figures.1.take_rates()),
        )
        .goal(Goal::RatioAtLeast(GOAL))
        .goal(Goal::AtLeast(GOAL_PER_SECOND))
        .note(note))
}

/// A server and its clients.
struct Side {
    clients: Vec<HttpClient>,
    rates: Vec<f64>,
    /// How long each request of the rounds that count took, in microseconds.
    waited: Vec<f64>,
    created: u64,
}

impl Side {
    async fn new(process: &Process, count: usize) -> Result<Self, BenchError> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(process.client().await?);
        }
        Ok(Self {
            clients,
            rates: Vec::new(),
            waited: Vec::new(),
            created: 0,
        })
    }

    /// Lets every client create records, one after the other, for as long as a round lasts.
    async fn run(
        &mut self,
        bodies: &'static [String],
        round: Duration,
        counts: bool,
    ) -> Result<(), BenchError> {
        let mut set = JoinSet::new();
        let started = Instant::now();
        for (number, mut client) in self.clients.drain(..).enumerate() {
            set.spawn(async move {
                let mut waited = Vec::new();
                for body in bodies.iter().cycle().skip(number * 17) {
                    let asked = Instant::now();
                    if asked.duration_since(started) > round {
                        break;
                    }
                    client.post("/records/create", body).await?;
                    waited.push(asked.elapsed().as_secs_f64() * 1e6);
                }
                Ok::<_, BenchError>((client, waited))
            });
        }
        let mut answered = 0;
        while let Some(done) = set.join_next().await {
            let (client, waited) = done.during("wait for a client")??;
            answered += waited.len();
            self.clients.push(client);
            if counts {
                self.waited.extend(waited);
            }
        }
        self.created += answered as u64;
        if counts {
            self.rates.push(answered as f64 / started.elapsed().as_secs_f64());
        }
        Ok(())
    }

    fn take_rates(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.rates)
    }
}
