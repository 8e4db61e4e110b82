/** What an act changed, cell by cell. */
import { ArrowRight } from "lucide-react";
import { arrange, type Cell, CellSubject, CellValue, cellWords } from "../records/change";
import { useLabel } from "../records/labels";
import type { PastAct, PastChange } from "./acts";

/** Changes shown of one act: a pasted thousand is told as such. */
const SHOWN_MAX = 40;

export function ActChanges({ act }: { act: Pick<PastAct, "changes" | "omitted"> }) {
  const changes = arrange(act.changes, cellOf, (change) =>
    change.deed === "wrote" ? change.value : undefined,
  );
  const shown = changes.slice(0, SHOWN_MAX);
  const more = changes.length - shown.length + act.omitted;
  return (
    <ul className="act-changes">
      {shown.map(({ change, first, made }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one operation can do several things, and the list never changes
        <li key={`${change.op_id} ${index}`} data-first={(first && index > 0) || undefined}>
          <ChangeLine change={change} first={first} made={made} />
        </li>
      ))}
      {shown.length === 0 && <li className="quiet">It changed nothing that is shown.</li>}
      {more > 0 && <li className="quiet">and {more.toLocaleString("en")} more</li>}
    </ul>
  );
}

/** The cell that a change is about; one of no cell is told by itself. */
function cellOf(change: PastChange): Cell {
  return change.deed === "wrote" || change.deed === "edited"
    ? change
    : { kind: change.deed, edge_id: change.op_id };
}

function ChangeLine({ change, first, made }: { change: PastChange; first: boolean; made: boolean }) {
  switch (change.deed) {
    case "wrote":
      return (
        <>
          <span>{first && <CellSubject cell={change} made={made} />}</span>
          <span className="act-values">
            <span className="act-field">{cellWords(change)}</span>
            {change.before != null && (
              <>
                <span className="before">
                  <CellValue cell={change} value={change.before} />
                </span>
                <ArrowRight size={12} aria-label="became" />
              </>
            )}
            <span className="after">
              <CellValue cell={change} value={change.value} />
            </span>
            {!change.shown && <span className="tag">changed since</span>}
          </span>
        </>
      );
    case "edited":
      return (
        <>
          <span>{first && <CellSubject cell={change} />}</span>
          <span className="act-values">
            <span className="act-field">{cellWords(change)}</span>
            <span className="quiet">wrote in it</span>
          </span>
        </>
      );
    case "related":
      return (
        <span>
          <Named entity={change.source} /> <span className="quiet">{change.edge_type}</span>{" "}
          <ArrowRight size={12} aria-label="to" /> <Named entity={change.target} />
        </span>
      );
    case "merged":
      return (
        <span>
          <Named entity={change.absorbed} /> <span className="quiet">became one with</span>{" "}
          <Named entity={change.survivor} />
        </span>
      );
    case "split":
      return (
        <span>
          <Named entity={change.new} /> <span className="quiet">was taken out of</span>{" "}
          <Named entity={change.source} />
        </span>
      );
    case "mapping_confirmed":
    case "mapping_rejected":
      return (
        <span>
          {change.table_name_a} {change.field_name_a}{" "}
          <span className="quiet">{change.deed === "mapping_confirmed" ? "is the same as" : "is not"}</span>{" "}
          {change.table_name_b} {change.field_name_b}
        </span>
      );
    case "recorded":
      return (
        <span>
          <span className="quiet">Recorded</span> {change.fact_type}
        </span>
      );
    default:
      return <span className="quiet">Something that this version does not know</span>;
  }
}

function Named({ entity }: { entity: string }) {
  const label = useLabel(entity);
  return <>{label?.text ?? "…"}</>;
}
