/** “Why can’t I see someone?”: what the engine found out about this network, in plain words, with what to do. */
import { useQuery } from "@tanstack/react-query";
import {
  ArrowLeft,
  CircleAlert,
  CircleCheck,
  CircleMinus,
  RefreshCw,
  Stethoscope,
  TriangleAlert,
} from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { getJson } from "../../shared/api/client";
import { useCan } from "../../shared/api/queries";
import { go } from "../../shared/route";
import { Empty, Failed, Loading } from "../../shared/ui/states";
import { type Check, type CheckedPeer, type Checkup, readCheckup, type Verdict } from "./checkup";

export const DOCTOR_PATH = "/doctor";

const SUMMARY: Record<Checkup["status"], string> = {
  ok: "Nothing is in the way. Whoever is on this network and a member can be seen.",
  warn: "It works, but something may keep others from being seen.",
  fail: "Something keeps others from being seen.",
  skipped: "",
};

const WORDS: Record<Verdict, string> = {
  ok: "Fine",
  warn: "Look at this",
  fail: "In the way",
  skipped: "Not checked",
};

export function DoctorScreen() {
  const can = useCan(DOCTOR_PATH);
  const [name, setName] = useState("");
  const [peer, setPeer] = useState("");
  const checkup = useQuery({
    queryKey: ["doctor", peer],
    enabled: can,
    gcTime: 0,
    queryFn: async ({ signal }) =>
      readCheckup(
        await getJson(peer ? `${DOCTOR_PATH}?peer=${encodeURIComponent(peer)}` : DOCTOR_PATH, signal),
      ),
  });
  const ask = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === peer) void checkup.refetch();
    else setPeer(name.trim());
  };
  return (
    <section className="screen" aria-labelledby="doctor-title">
      <header className="screen-head">
        <button
          type="button"
          className="icon-button"
          aria-label="Back to peers"
          title="Back to peers"
          onClick={() => go({ screen: "peers" })}
        >
          <ArrowLeft size={16} />
        </button>
        <h1 id="doctor-title">Why can’t I see someone?</h1>
        <span className="space" />
        <button
          type="button"
          className="button"
          disabled={!can || checkup.isFetching}
          onClick={() => void checkup.refetch()}
        >
          <RefreshCw size={14} /> {checkup.isFetching ? "Checking…" : "Check again"}
        </button>
      </header>
      {!can ? (
        <Empty icon={<Stethoscope size={28} />} title="This engine has no doctor yet">
          Update OpenProd on this computer to have the network looked at.
        </Empty>
      ) : (
        <div className="screen-body">
          <form className="card connect" onSubmit={ask}>
            <div>
              <strong>Whom do you miss?</strong>
              <p className="quiet">The name of their device, as they see it on their own screen.</p>
            </div>
            <input
              className="input"
              aria-label="Name of the device"
              placeholder="Booth"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <button type="submit" className="button">
              Look for it
            </button>
          </form>
          {checkup.isPending ? (
            <Loading what="what the network says" />
          ) : checkup.isError ? (
            <Failed error={checkup.error} retry={() => void checkup.refetch()} />
          ) : (
            <Findings checkup={checkup.data} />
          )}
        </div>
      )}
    </section>
  );
}

function Findings({ checkup }: { checkup: Checkup }) {
  return (
    <>
      <p className="verdict" data-status={checkup.status} role="status">
        <VerdictIcon status={checkup.status} /> {SUMMARY[checkup.status]}
      </p>
      {checkup.peers.length > 0 && (
        <section aria-labelledby="doctor-peers">
          <h2 className="section-title" id="doctor-peers">
            Others
          </h2>
          <ul className="checks">
            {checkup.peers.map((peer) => (
              <PeerFinding key={peer.name} peer={peer} />
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="doctor-here">
        <h2 className="section-title" id="doctor-here">
          This device and its network
        </h2>
        <ul className="checks">
          {checkup.checks.map((check) => (
            <CheckFinding key={check.id} check={check} />
          ))}
        </ul>
      </section>
    </>
  );
}

function PeerFinding({ peer }: { peer: CheckedPeer }) {
  return <Finding status={peer.status} title={peer.name} detail={peer.detail} advice={peer.advice} />;
}

function CheckFinding({ check }: { check: Check }) {
  return <Finding status={check.status} title={check.title} detail={check.detail} advice={check.advice} />;
}

function Finding(props: { status: Verdict; title: string; detail: string; advice: string }) {
  return (
    <li className="check-line" data-status={props.status}>
      <VerdictIcon status={props.status} />
      <div>
        <strong>{props.title}</strong>
        {props.detail && <p className="quiet">{props.detail}</p>}
        {props.advice && props.status !== "ok" && <p className="check-advice">{props.advice}</p>}
      </div>
      <span className="tag">{WORDS[props.status]}</span>
    </li>
  );
}

function VerdictIcon({ status }: { status: Verdict }): ReactNode {
  switch (status) {
    case "ok":
      return <CircleCheck size={16} aria-hidden="true" />;
    case "fail":
      return <CircleAlert size={16} aria-hidden="true" />;
    case "warn":
      return <TriangleAlert size={16} aria-hidden="true" />;
    default:
      return <CircleMinus size={16} aria-hidden="true" />;
  }
}
