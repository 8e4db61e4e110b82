/** The links of a record with others: what leads out and what leads in; add, remove, and reorder those that have a place. */
import { ArrowLeft, ArrowRight, GripVertical, Link2Off, Plus } from "lucide-react";
import { type DragEvent, type KeyboardEvent, useState } from "react";
import { post } from "../../shared/api/client";
import { useEdges } from "../../shared/api/queries";
import type { EdgeView } from "../../shared/api/schema";
import { go } from "../../shared/route";
import { Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { useLabel } from "../records/labels";
import { RecordPicker } from "../records/record-picker";
import { EdgeKind } from "./edge-kind";
import { groupEdges, neighbours } from "./edge-order";

const by = { source: "app: link" };

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
        groupEdges(edges.data.edges, entity).map((group) => (
          <EdgeGroup key={`${group.out} ${group.type}`} {...group} entity={entity} />
        ))
      )}
    </section>
  );
}

/** Links of one kind in one direction. Those that have a place among their siblings can be moved. */
function EdgeGroup(props: { type: string; out: boolean; edges: EdgeView[]; entity: string }) {
  const { type, out, edges, entity } = props;
  // Edges, not places: others may come or go under the hand.
  const [drag, setDrag] = useState<{ edge: string; over: string } | null>(null);
  const movable = out && edges.length > 1;
  const move = async (from: number, to: number) => {
    const edge = edges[from];
    const place = neighbours(
      edges.map((one) => one.edge_id),
      from,
      to,
    );
    if (!edge || !place) return;
    try {
      await post("/edges/reorder", { edge_id: edge.edge_id, ...place, command: by });
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <div className="edge-group">
      <h4>
        {out ? (
          <ArrowRight size={12} aria-label="Leads to" />
        ) : (
          <ArrowLeft size={12} aria-label="Comes from" />
        )}
        {type}
      </h4>
      <ul className="edge-list">
        {edges.map((edge, index) => (
          <EdgeLine
            key={edge.edge_id}
            edge={edge}
            entity={entity}
            drop={drag !== null && drag.over === edge.edge_id && drag.edge !== edge.edge_id}
            handle={
              movable && edge.ordered
                ? {
                    onDragStart: () => setDrag({ edge: edge.edge_id, over: edge.edge_id }),
                    onOver: () => setDrag((before) => before && { ...before, over: edge.edge_id }),
                    onDrop: () => {
                      const from = edges.findIndex((one) => one.edge_id === drag?.edge);
                      if (from >= 0) void move(from, index);
                      setDrag(null);
                    },
                    onEnd: () => setDrag(null),
                    onMove: (step) => void move(index, index + step),
                  }
                : null
            }
          />
        ))}
      </ul>
    </div>
  );
}

type Handle = {
  onDragStart: () => void;
  onOver: () => void;
  onDrop: () => void;
  onEnd: () => void;
  onMove: (step: number) => void;
};

function EdgeLine(props: { edge: EdgeView; entity: string; drop: boolean; handle: Handle | null }) {
  const { edge, entity, drop, handle } = props;
  const other = edge.source === entity ? edge.target : edge.source;
  const label = useLabel(other);
  const broken = edge.broken[0];
  const name = label?.text ?? "…";
  const table = label?.table;
  const remove = async () => {
    try {
      await post("/edges/delete", { edge_id: edge.edge_id, command: by });
      toastDone("Removed the link", {
        label: "Put it back",
        run: () => void post("/edges/restore", { edge_id: edge.edge_id }).catch(toastProblem),
      });
    } catch (error) {
      toastProblem(error);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (!handle || step === 0) return;
    event.preventDefault();
    handle.onMove(step);
  };
  return (
    <li
      className="edge-line"
      data-drop={drop || undefined}
      onDragOver={(event: DragEvent) => {
        if (!handle) return;
        event.preventDefault();
        handle.onOver();
      }}
      onDrop={(event: DragEvent) => {
        event.preventDefault();
        handle?.onDrop();
      }}
    >
      {handle && (
        <button
          type="button"
          className="icon-button edge-handle"
          draggable
          aria-label={`Move ${name}`}
          title="Drag to move, or press ↑ and ↓"
          onDragStart={(event) => {
            event.dataTransfer.effectAllowed = "move";
            event.dataTransfer.setData("text/plain", name);
            handle.onDragStart();
          }}
          onDragEnd={handle.onEnd}
          onKeyDown={onKeyDown}
        >
          <GripVertical size={13} />
        </button>
      )}
      {table ? (
        <button type="button" className="link" onClick={() => go({ screen: "table", table, record: other })}>
          {name}
        </button>
      ) : (
        <span>{name}</span>
      )}
      {broken && <span className="tag">{broken.reason === "deleted" ? "deleted" : "not here yet"}</span>}
      {edge.conflicts.length > 0 && <span className="tag tag-strong">in conflict</span>}
      <span className="space" />
      <button
        type="button"
        className="icon-button edge-remove"
        aria-label={`Remove the link with ${name}`}
        onClick={() => void remove()}
      >
        <Link2Off size={13} />
      </button>
    </li>
  );
}

function AddEdge({ entity, onClose }: { entity: string; onClose: () => void }) {
  const [type, setType] = useState("related");
  const [ordered, setOrdered] = useState(false);
  const make = async (target: string | null) => {
    if (target === null || type.trim() === "") return onClose();
    try {
      await post("/edges/create", {
        source: entity,
        target,
        edge_type: type.trim(),
        ...(ordered ? { ordered } : {}),
        command: by,
      });
      onClose();
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <div className="edge-add">
      <EdgeKind value={type} onChange={setType} />
      <span className="entry entry-editing">
        <RecordPicker
          label="Record to link"
          typed=""
          near={null}
          remember="edges"
          keepOpen=".edge-add"
          onPick={(target) => void make(target)}
          onCancel={onClose}
        />
      </span>
      <label className="check">
        <input type="checkbox" checked={ordered} onChange={(event) => setOrdered(event.target.checked)} />
        Keep them in an order of their own
      </label>
    </div>
  );
}
