/** The links of a record with others: what leads out and what leads in; add and remove. */
import { ArrowLeft, ArrowRight, Link2Off, Plus } from "lucide-react";
import { useState } from "react";
import { post } from "../../shared/api/client";
import { useEdges } from "../../shared/api/queries";
import type { EdgeView } from "../../shared/api/schema";
import { go } from "../../shared/route";
import { Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { useLabel } from "../records/labels";
import { RecordPicker } from "../records/record-picker";

export function Edges({ entity }: { entity: string }) {
  const edges = useEdges(entity);
  const [adding, setAdding] = useState(false);
  return (
    <section className="edges" aria-label="Links">
      <header className="edges-head">
        <h3>Links</h3>
        <button type="button" className="button quiet-button" onClick={() => setAdding(true)}>
          <Plus size={13} /> Link a record
        </button>
      </header>
      {adding && <AddEdge entity={entity} onClose={() => setAdding(false)} />}
      {edges.isPending ? (
        <Loading what="links" />
      ) : edges.isError ? (
        <Failed error={edges.error} retry={() => void edges.refetch()} />
      ) : edges.data.edges.length === 0 ? (
        !adding && <p className="quiet">Not linked with other records.</p>
      ) : (
        <ul className="edge-list">
          {edges.data.edges.map((edge) => (
            <EdgeLine key={edge.edge_id} edge={edge} entity={entity} />
          ))}
        </ul>
      )}
    </section>
  );
}

function EdgeLine({ edge, entity }: { edge: EdgeView; entity: string }) {
  const out = edge.source === entity;
  const other = out ? edge.target : edge.source;
  const label = useLabel(other);
  const broken = edge.broken[0];
  const remove = async () => {
    try {
      await post("/edges/delete", { edge_id: edge.edge_id, command: { source: "app: link" } });
      toastDone("Removed the link", {
        label: "Put it back",
        run: () => void post("/edges/restore", { edge_id: edge.edge_id }).catch(toastProblem),
      });
    } catch (error) {
      toastProblem(error);
    }
  };
  const table = label?.table;
  return (
    <li>
      {out ? <ArrowRight size={13} aria-label="to" /> : <ArrowLeft size={13} aria-label="from" />}
      <span className="quiet">{edge.edge_type}</span>
      {table ? (
        <button type="button" className="link" onClick={() => go({ screen: "table", table, record: other })}>
          {label.text}
        </button>
      ) : (
        <span>{label?.text ?? "…"}</span>
      )}
      {broken && <span className="tag">{broken.reason === "deleted" ? "deleted" : "not here yet"}</span>}
      <span className="space" />
      <button type="button" className="icon-button" aria-label="Remove link" onClick={() => void remove()}>
        <Link2Off size={13} />
      </button>
    </li>
  );
}

function AddEdge({ entity, onClose }: { entity: string; onClose: () => void }) {
  const [type, setType] = useState("related");
  const make = async (target: string | null) => {
    if (target === null || type.trim() === "") return onClose();
    try {
      await post("/edges/create", {
        source: entity,
        target,
        edge_type: type.trim(),
        command: { source: "app: link" },
      });
      onClose();
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <div className="edge-add">
      <input
        className="input"
        aria-label="Kind of link"
        value={type}
        onChange={(event) => setType(event.target.value)}
      />
      <span className="entry entry-editing">
        <RecordPicker
          label="Record to link"
          typed=""
          near={null}
          remember="edges"
          onPick={(target) => void make(target)}
          onCancel={onClose}
        />
      </span>
    </div>
  );
}
