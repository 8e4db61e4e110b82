//! Two services on loopback: real sockets, real owners, stores in memory.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use openprod_core::{FieldType, Identity, Timestamp, Value, WorkspaceId};
use openprod_engine::{Command, Committed, Engine, NewField, Outcome, Owner, Request, StateHash, Workspace};
use openprod_storage::MemoryStorage;
use openprod_sync::{
    Check, CheckStatus, Diagnosis, SyncConfig, SyncError, SyncService, SyncState, WorkspaceSecret,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

fn workspace(secret: u8) -> Workspace {
    Workspace {
        id: WorkspaceId::from_u128(7),
        name: "Tour".into(),
        secret: [secret; 32],
    }
}

fn now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    Timestamp::from_micros(micros as u64)
}

struct Node {
    owner: Owner,
    service: SyncService,
    /// Counts commits.
    commits: watch::Receiver<u64>,
}

impl Node {
    async fn start(number: u8, secret: u8) -> Self {
        let identity = Identity::from_seed(&[number; 32]);
        let store = Box::new(MemoryStorage::new());
        let engine = if number == 1 {
            Engine::create(store, identity, workspace(secret), [number; 32], now()).unwrap()
        } else {
            Engine::join(store, identity, workspace(secret), [number; 32]).unwrap()
        };
        let bind = SocketAddr::from(([127, 0, 0, 1], 0));
        let service = SyncService::start(SyncConfig {
            bind,
            mdns: false,
            name: format!("device {number}"),
        })
        .await
        .unwrap();
        let (count, commits) = watch::channel(0);
        let link = service.clone();
        let listener = move |committed: Arc<Committed>| {
            link.committed(WorkspaceId::from_u128(7), &committed);
            count.send_modify(|count| *count += 1);
        };
        let owner = Owner::spawn(engine, Box::new(now), Box::new(listener)).unwrap();
        service.open(owner.handle().clone());
        Self {
            owner,
            service,
            commits,
        }
    }

    fn id() -> WorkspaceId {
        WorkspaceId::from_u128(7)
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.service.port())
    }

    async fn execute(&self, command: Command) -> Outcome {
        let (reply, answer) = oneshot::channel();
        let reply = Mutex::new(Some(reply));
        let request = Request::new("test", command);
        self.owner
            .handle()
            .execute(request, move |result| {
                reply
                    .lock()
                    .unwrap()
                    .take()
                    .unwrap()
                    .send(result)
                    .map_err(|_| ())
                    .unwrap();
            })
            .unwrap();
        answer.await.unwrap().unwrap()
    }

    async fn table(&self) {
        let fields = vec![NewField::new("a", FieldType::Integer)];
        self.execute(Command::CreateTable {
            name: "T".into(),
            fields,
        })
        .await;
    }

    async fn records(&self, count: i64) {
        let records = (0..count)
            .map(|i| vec![("a".to_owned(), Value::Integer(i))])
            .collect();
        self.execute(Command::CreateRecords {
            table: "T".into(),
            records,
        })
        .await;
    }

    fn hash(&self) -> StateHash {
        self.owner.handle().snapshots().take().unwrap().state_hash()
    }

    /// Waits until this node has what the other has.
    async fn reaches(&mut self, other: &Self) {
        let goal = other.hash();
        let reached = timeout(PATIENCE, async {
            while self.hash() != goal {
                self.commits.changed().await.unwrap();
            }
        });
        reached.await.expect("the nodes come into step");
    }

    async fn state_is(&self, wanted: &str) {
        let mut events = self.service.subscribe();
        let reached = timeout(PATIENCE, async {
            while self.service.state(Self::id()).name() != wanted {
                // Any news may have changed the state; beats bring some every second.
                let _ = timeout(Duration::from_millis(100), events.recv()).await;
            }
        });
        reached
            .await
            .unwrap_or_else(|_| panic!("never {wanted}: {:?}", self.service.state(Self::id())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomer_catches_up_and_then_both_are_live() {
    let founder = Node::start(1, 9).await;
    founder.table().await;
    for _ in 0..20 {
        founder.records(500).await;
    }
    let mut newcomer = Node::start(2, 9).await;
    newcomer
        .service
        .connect(Node::id(), &founder.address())
        .await
        .unwrap();
    newcomer.reaches(&founder).await;
    newcomer.state_is("live").await;
    founder.state_is("live").await;
    let peers = founder.service.peers(Node::id());
    assert_eq!(peers.len(), 1);
    assert_eq!((peers[0].name.as_str(), peers[0].connected), ("device 2", true));

    founder.records(1).await;
    newcomer.reaches(&founder).await;
    newcomer.records(1).await;
    let mut founder = founder;
    founder.reaches(&newcomer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn third_member_gets_it_through_the_second() {
    let first = Node::start(1, 9).await;
    first.table().await;
    let mut middle = Node::start(2, 9).await;
    let mut last = Node::start(3, 9).await;
    middle
        .service
        .connect(Node::id(), &first.address())
        .await
        .unwrap();
    last.service.connect(Node::id(), &middle.address()).await.unwrap();
    first.records(3).await;
    middle.reaches(&first).await;
    last.reaches(&first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_workspace_stays_as_it_is_until_resumed() {
    let founder = Node::start(1, 9).await;
    founder.table().await;
    let mut other = Node::start(2, 9).await;
    other
        .service
        .connect(Node::id(), &founder.address())
        .await
        .unwrap();
    other.reaches(&founder).await;
    other.service.pause(Node::id());
    other.state_is("paused").await;
    founder.records(1).await;
    assert_ne!(other.hash(), founder.hash());
    assert_eq!(other.service.state(Node::id()), SyncState::Paused);
    other.service.resume(Node::id());
    other.reaches(&founder).await;
    other.state_is("live").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stranger_gets_no_byte() {
    let founder = Node::start(1, 9).await;
    let mut stranger = TcpStream::connect(founder.address()).await.unwrap();
    stranger.write_all(&[0, 48]).await.unwrap();
    stranger.write_all(&[7; 48]).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stranger.read_to_end(&mut answer))
        .await
        .unwrap();
    assert!(read.is_err() || answer.is_empty(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_invitation_is_told_apart_from_nobody_there() {
    let founder = Node::start(1, 9).await;
    let outsider = Node::start(2, 8).await;
    let refused = outsider.service.connect(Node::id(), &founder.address()).await;
    assert!(
        matches!(refused, Err(SyncError::NotAMember { .. })),
        "{refused:?}"
    );
    let secret = WorkspaceSecret::from_bytes([9; 32]);
    let identity = Identity::from_seed(&[2; 32]);
    let found = outsider
        .service
        .probe(Node::id(), &secret, &identity, &founder.address())
        .await
        .unwrap();
    assert_eq!(found, founder.owner.handle().actor());
    let nobody = outsider.service.connect(Node::id(), "127.0.0.1:1").await;
    assert!(matches!(nobody, Err(SyncError::Unreachable { .. })), "{nobody:?}");
    let nonsense = outsider.service.connect(Node::id(), "not an address").await;
    assert!(matches!(nonsense, Err(SyncError::BadAddress(_))), "{nonsense:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_dialling_at_once_end_with_one_conversation() {
    let founder = Node::start(1, 9).await;
    founder.table().await;
    let mut other = Node::start(2, 9).await;
    let (there, back) = (founder.address(), other.address());
    let (one, two) = tokio::join!(
        other.service.connect(Node::id(), &there),
        founder.service.connect(Node::id(), &back)
    );
    one.unwrap();
    two.unwrap();
    other.reaches(&founder).await;
    founder.records(1).await;
    other.reaches(&founder).await;
    founder.state_is("live").await;
    assert_eq!(founder.service.state(Node::id()), SyncState::Live { peers: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn device_with_nowhere_to_look_is_alone_and_not_looking() {
    let founder = Node::start(1, 9).await;
    assert_eq!(founder.service.state(Node::id()), SyncState::Alone);
    let other = Node::start(2, 9).await;
    other
        .service
        .connect(Node::id(), &founder.address())
        .await
        .unwrap();
    other.state_is("live").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn remembered_address_is_dialled_after_a_restart_until_it_is_forgotten() {
    let founder = Node::start(1, 9).await;
    founder.table().await;
    let first = Node::start(2, 9).await;
    first
        .service
        .connect(Node::id(), &founder.address())
        .await
        .unwrap();
    first.state_is("live").await;
    let memory = first.service.memory(Node::id()).unwrap();
    assert_eq!(memory.addresses, [founder.address()]);
    assert_eq!(memory.members[0].name, "device 1");
    first.service.stop().await;

    let mut again = Node::start(2, 9).await;
    again.service.recall(Node::id(), memory.clone());
    let met = again.service.peers(Node::id());
    assert_eq!(
        (met[0].name.as_str(), met[0].last_met.is_some()),
        ("device 1", true)
    );
    again.reaches(&founder).await;
    let given = again.service.addresses(Node::id());
    assert_eq!((given.len(), given[0].connected), (1, true), "{given:?}");
    assert_eq!(given[0].peer, Some(founder.owner.handle().actor()));

    assert!(again.service.forget(Node::id(), &founder.address()));
    assert!(!again.service.forget(Node::id(), &founder.address()));
    assert_eq!(
        again.service.memory(Node::id()).unwrap().addresses,
        [] as [String; 0]
    );
    assert!(again.service.peers(Node::id())[0].connected);
    assert_eq!(again.service.memory(WorkspaceId::from_u128(8)), None);
}

fn found<'a>(diagnosis: &'a Diagnosis, id: &str) -> &'a Check {
    let found = diagnosis.checks.iter().find(|check| check.id.starts_with(id));
    found.unwrap_or_else(|| panic!("{id}: {:?}", diagnosis.checks))
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_who_answers_who_hangs_up_and_who_is_not_there() {
    let founder = Node::start(1, 9).await;
    founder.table().await;
    let other = Node::start(2, 9).await;
    let asked = founder.address();
    let begun = Instant::now();
    let diagnosis = other.service.examine(Some(Node::id()), Some(&asked)).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let peer = found(&diagnosis, "peer");
    assert_eq!(peer.status, CheckStatus::Ok, "{peer:?}");
    assert!(peer.detail.contains("device 1"), "{peer:?}");
    assert_eq!(
        other.service.peers(Node::id()),
        [],
        "being examined is no meeting"
    );

    founder.service.pause(Node::id());
    let diagnosis = other.service.examine(Some(Node::id()), Some(&asked)).await;
    assert!(
        found(&diagnosis, "peer").title.contains("not in this workspace"),
        "{diagnosis:?}"
    );
    founder.service.resume(Node::id());

    let itself = other.address();
    let diagnosis = other.service.examine(Some(Node::id()), Some(&itself)).await;
    assert!(
        found(&diagnosis, "peer").title.contains("this device itself"),
        "{diagnosis:?}"
    );
    let diagnosis = other.service.examine(Some(Node::id()), Some("127.0.0.1:1")).await;
    assert!(
        found(&diagnosis, "peer")
            .title
            .contains("not running on that port"),
        "{diagnosis:?}"
    );
    let diagnosis = other.service.examine(Some(Node::id()), Some("Booth")).await;
    assert_eq!(found(&diagnosis, "peer").status, CheckStatus::Warn);

    other.service.connect(Node::id(), &asked).await.unwrap();
    other.state_is("live").await;
    let diagnosis = other.service.examine(Some(Node::id()), Some("DEVICE 1")).await;
    assert!(
        found(&diagnosis, "peer").title.contains("is connected"),
        "{diagnosis:?}"
    );
    assert_eq!(found(&diagnosis, "in_step").status, CheckStatus::Ok);
    assert_eq!(found(&diagnosis, "versions").status, CheckStatus::Ok);
    assert_eq!(found(&diagnosis, "clock").status, CheckStatus::Ok);
    assert!(diagnosis.members[0].0.status.connected && diagnosis.members[0].1.is_none());
    let unnamed = other.service.examine(None, None).await;
    assert_eq!(unnamed.checks.len(), 4, "{unnamed:?}");
}
