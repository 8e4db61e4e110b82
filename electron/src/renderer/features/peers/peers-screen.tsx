/** Who works on this workspace, how far each is, and letting others in. */
import { Copy, MonitorSmartphone, Pause, Play, Stethoscope, UserPlus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { post } from "../../shared/api/client";
import { useCan, usePeers, useStatus } from "../../shared/api/queries";
import type { PeerView } from "../../shared/api/schema";
import { go } from "../../shared/route";
import { Empty, Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { DOCTOR_PATH } from "./doctor";
import { InviteDialog } from "./invite-dialog";
import { lastSeen } from "./last-seen";

/** A clock this far off makes the order of edits differ from what people remember. */
const SKEW_MS_TOLD = 2_000;

export function PeersScreen() {
  const status = useStatus();
  const peers = usePeers();
  const [inviting, setInviting] = useState(false);
  const [address, setAddress] = useState("");
  const [connecting, setConnecting] = useState(false);
  const canDiagnose = useCan(DOCTOR_PATH);
  const paused = status.data?.sync.state === "paused";

  const connect = async (event: FormEvent) => {
    event.preventDefault();
    setConnecting(true);
    try {
      await post("/peers/connect", { address: address.trim() });
      setAddress("");
      await peers.refetch();
      toastDone("Connected");
    } catch (error) {
      toastProblem(error);
    } finally {
      setConnecting(false);
    }
  };
  const toggle = async () => {
    try {
      await post(paused ? "/sync/resume" : "/sync/pause", {});
      await status.refetch();
    } catch (error) {
      toastProblem(error);
    }
  };

  if (peers.isPending || status.isPending) return <Loading what="peers" />;
  if (peers.isError) return <Failed error={peers.error} retry={() => void peers.refetch()} />;
  const list = peers.data.peers;
  return (
    <section className="screen" aria-labelledby="peers-title">
      <header className="screen-head">
        <h1 id="peers-title">Peers</h1>
        <span className="count">{list.filter((peer) => peer.connected).length} connected</span>
        <span className="space" />
        <button type="button" className="button" onClick={() => void toggle()}>
          {paused ? <Play size={14} /> : <Pause size={14} />} {paused ? "Resume" : "Pause"}
        </button>
        <button type="button" className="button accent" onClick={() => setInviting(true)}>
          <UserPlus size={14} /> Invite
        </button>
      </header>
      <div className="screen-body">
        {list.length === 0 ? (
          <Empty
            icon={<MonitorSmartphone size={28} />}
            title="Nobody met yet"
            acts={
              <button type="button" className="button accent" onClick={() => setInviting(true)}>
                Invite somebody
              </button>
            }
          >
            Everything is saved here. Members on the same network find each other by themselves.
          </Empty>
        ) : (
          <table className="plain-table peers">
            <thead>
              <tr>
                <th scope="col">Device</th>
                <th scope="col">Link</th>
                <th scope="col" className="number">
                  Lacks of ours
                </th>
                <th scope="col" className="number">
                  Still to come
                </th>
                <th scope="col">Clock</th>
                <th scope="col">Address</th>
              </tr>
            </thead>
            <tbody>
              {list.map((peer) => (
                <PeerLine key={peer.peer_id} peer={peer} />
              ))}
            </tbody>
          </table>
        )}
        <form className="card connect" onSubmit={connect}>
          <div>
            <strong>Cannot see somebody?</strong>
            <p className="quiet">
              Some networks hide devices from each other. Ask for the address shown on their screen.
            </p>
          </div>
          <input
            className="input"
            aria-label="Address of a member"
            placeholder="192.168.1.20:7420"
            required
            value={address}
            onChange={(event) => setAddress(event.target.value)}
          />
          <button type="submit" className="button" disabled={connecting}>
            {connecting ? "Connecting…" : "Connect"}
          </button>
          {canDiagnose && (
            <button type="button" className="button" onClick={() => go({ screen: "doctor" })}>
              <Stethoscope size={14} /> Find out why
            </button>
          )}
        </form>
        {status.data && (
          <dl className="facts-list">
            <div>
              <dt>State</dt>
              <dd>
                <code data-hash="state">{status.data.state_hash.slice(0, 16)}</code>{" "}
                <span className="quiet">Two devices that show the same hold the same.</span>
              </dd>
            </div>
            <div>
              <dt>This device</dt>
              <dd>
                <code>{status.data.actor_id.slice(0, 16)}</code>
              </dd>
            </div>
            <div>
              <dt>Kept here</dt>
              <dd>
                {status.data.operations.toLocaleString("en")} operations in{" "}
                {status.data.bundles.toLocaleString("en")} bundles
              </dd>
            </div>
          </dl>
        )}
      </div>
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </section>
  );
}

function PeerLine({ peer }: { peer: PeerView }) {
  const skewed = Math.abs(peer.skew_ms) > SKEW_MS_TOLD;
  return (
    <tr>
      <td>
        <strong>{peer.name || `Device ${peer.peer_id.slice(0, 6)}`}</strong>
        {peer.problem && <p className="bad">{peer.problem}</p>}
      </td>
      <td>
        <span className="presence" data-on={peer.connected || undefined}>
          {peer.connected ? "Connected" : lastSeen(peer)}
        </span>
      </td>
      <td className="number">{peer.behind === 0 ? "—" : peer.behind.toLocaleString("en")}</td>
      <td className="number">{peer.ahead === 0 ? "—" : peer.ahead.toLocaleString("en")}</td>
      <td className={skewed ? "bad" : ""}>
        {skewed
          ? `${(peer.skew_ms / 1_000).toFixed(1)} s ${peer.skew_ms > 0 ? "ahead" : "behind"}`
          : "In step"}
      </td>
      <td>
        <button
          type="button"
          className="link"
          aria-label={`Copy the address of ${peer.name}`}
          onClick={() => void navigator.clipboard.writeText(peer.address).then(() => toastDone("Copied"))}
        >
          {peer.address} <Copy size={12} aria-hidden="true" />
        </button>
      </td>
    </tr>
  );
}
