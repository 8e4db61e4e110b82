/** Decisions that passed each other while people were apart: what each had not seen, and what to do about it. */
import { CalendarX2, CircleCheckBig, Gavel, RotateCcw, Undo2 } from "lucide-react";
import { useState } from "react";
import { postJson } from "../../shared/api/client";
import { useActorName, useCan } from "../../shared/api/queries";
import { ago } from "../../shared/moment";
import { Empty, Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { type Choice, type Decision, type Fact, factLines, factWords } from "./decision";
import { DECISIONS_PATH, useDecisions } from "./queries";

const SETTLED: Record<Choice, string> = {
  accept: "It stands as it is",
  compensate: "It is to be made good",
  rerun: "It is to be decided again",
};

export function DecisionInbox() {
  const can = useCan(DECISIONS_PATH);
  const decisions = useDecisions();
  if (!can) {
    return (
      <Empty icon={<Gavel size={28} />} title="This engine tells of no decisions">
        Decisions come with an engine that records them.
      </Empty>
    );
  }
  if (decisions.isPending) return <Loading what="decisions" />;
  if (decisions.isError) return <Failed error={decisions.error} retry={() => void decisions.refetch()} />;
  const open = decisions.data.filter(
    (decision) => decision.status === "open" || decision.status === "reopened",
  );
  return (
    <section className="screen" aria-labelledby="decisions-title">
      <header className="screen-head">
        <h1 id="decisions-title">Decisions</h1>
        <span className="count">{open.length === 0 ? "" : `${open.length} to settle`}</span>
      </header>
      {open.length === 0 ? (
        <Empty icon={<CircleCheckBig size={28} />} title="Nothing to settle">
          When somebody decides something without having seen what would have spoken against it, both are
          shown here.
        </Empty>
      ) : (
        <div className="screen-body">
          {open.map((decision) => (
            <DecisionCard key={decision.id} decision={decision} />
          ))}
        </div>
      )}
    </section>
  );
}

function DecisionCard({ decision }: { decision: Decision }) {
  const actorName = useActorName();
  // Facts that were recorded by hand name themselves; a command has a name of its own.
  const [first] = decision.own;
  const what = first && decision.command.startsWith("events.") ? first.type : decision.command;
  const [why, setWhy] = useState("");
  const [busy, setBusy] = useState(false);
  const settle = async (choice: Choice) => {
    setBusy(true);
    try {
      await postJson("/decisions/resolve", {
        decision_id: decision.id,
        choice,
        considered: decision.unseen.map((fact) => fact.id),
        ...(why.trim() ? { reason: why.trim() } : {}),
        command: { source: "app: decision", ...(why.trim() ? { justification: why.trim() } : {}) },
      });
      toastDone(SETTLED[choice]);
    } catch (error) {
      toastProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <article className="card decision">
      <header className="card-head">
        <CalendarX2 size={15} aria-hidden="true" />
        <strong>
          {actorName(decision.actor)} decided “{factWords(what)}” without having seen{" "}
          {decision.unseen.length === 1 ? "this" : `${decision.unseen.length} things`}
        </strong>
        {decision.mutual && <span className="tag tag-strong">each without the other</span>}
        {decision.status === "reopened" && <span className="tag tag-strong">more turned up</span>}
        {decision.lost && <span className="tag">it gave way</span>}
        <span className="space" />
        <span className="quiet">{ago(decision.at)}</span>
      </header>
      <div className="decision-sides">
        <section aria-label="What was decided">
          <h2>What was decided</h2>
          {decision.own.map((fact) => (
            <FactCard key={fact.id} fact={fact} who={actorName(fact.actor || decision.actor)} />
          ))}
        </section>
        <section aria-label="What it had not seen">
          <h2>What it had not seen</h2>
          {decision.unseen.map((fact) => (
            <FactCard key={fact.id} fact={fact} who={actorName(fact.actor)} />
          ))}
        </section>
      </div>
      {decision.justification && <p className="quiet">Its reason: {decision.justification}</p>}
      {decision.problem && <p className="bad">Its author is at fault: {decision.problem}</p>}
      <footer className="decision-acts">
        <input
          className="input"
          aria-label="Why"
          placeholder="Why, for the record"
          value={why}
          onChange={(event) => setWhy(event.target.value)}
        />
        <button type="button" className="button" disabled={busy} onClick={() => void settle("accept")}>
          <CircleCheckBig size={14} /> Accept both
        </button>
        <button type="button" className="button" disabled={busy} onClick={() => void settle("compensate")}>
          <Undo2 size={14} /> Make good
        </button>
        <button type="button" className="button" disabled={busy} onClick={() => void settle("rerun")}>
          <RotateCcw size={14} /> Decide again
        </button>
      </footer>
    </article>
  );
}

function FactCard({ fact, who }: { fact: Fact; who: string }) {
  return (
    <div className="fact">
      <strong>{factWords(fact.type)}</strong>
      <dl>
        {factLines(fact.payload).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <small className="quiet">
        {who}
        {fact.at && ` · ${ago(fact.at)}`}
      </small>
    </div>
  );
}
