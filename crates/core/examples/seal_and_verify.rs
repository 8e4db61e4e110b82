//! Seals a change, sends its bytes, and verifies them on the other side.

use openprod_core::operation::CreateEntity;
use openprod_core::{
    Bundle, BundleHash, CommandId, Draft, EntityId, Hlc, Identity, Intent, LogId, OperationProof, Timestamp,
    WorkspaceId, seal,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let workspace = WorkspaceId::from_u128(1);
    let now = Timestamp::from_micros(1_795_258_800_000_000);
    // A real identity and a real log id come from a source of good randomness.
    let identity = Identity::from_seed(&[7; 32]);
    let sealed = seal(
        &identity,
        Draft {
            workspace,
            log: LogId::from_bytes([1; 16]),
            seq: 1,
            prev: BundleHash::NONE,
            hlc: Hlc::next(Hlc::ZERO, Hlc::ZERO, now),
            seen: Vec::new(),
            intent: Intent {
                command_id: CommandId::new(now, [2; 10]),
                command_type: "records.create".into(),
                source: "example".into(),
                correlation_id: None,
                causation_id: None,
                justification: None,
                approval_id: None,
                decision: None,
            },
            payloads: vec![
                CreateEntity {
                    entity: EntityId::new(now, [3; 10]),
                }
                .into(),
            ],
        },
    )?;
    let received = Bundle::decode(sealed.bytes().to_vec())?.verify(workspace)?;
    assert_eq!(received.header().actor, identity.actor());
    let proof = OperationProof::of(&received, 0).ok_or("a bundle has a first operation")?;
    assert_eq!(Some(proof.check()?), received.operation(0));
    Ok(())
}
