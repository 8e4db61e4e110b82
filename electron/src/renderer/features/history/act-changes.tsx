/** What an act changed, cell by cell. */
import { ArrowRight } from "lucide-react";
import { CellSubject, CellValue, cellWords } from "../records/change";
import { useLabel } from "../records/labels";
import type { PastAct, PastChange } from "./acts";

/** Changes shown of one act: a pasted thousand is told as such. */
const SHOWN_MAX = 40;

export function ActChanges({ act }: { act: PastAct }) {
  const shown = act.changes.slice(0, SHOWN_MAX);
  const more = act.changes.length - shown.length + act.omitted;
  return (
    <ul className="act-changes">
      {shown.map((change, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one operation can do several things, and the list never changes
        <li key={`${change.op_id} ${index}`}>
          <ChangeLine change={change} />
        </li>
      ))}
      {shown.length === 0 && <li className="quiet">It changed nothing that is shown.</li>}
      {more > 0 && <li className="quiet">and {more.toLocaleString("en")} more</li>}
    </ul>
  );
}

function ChangeLine({ change }: { change: PastChange }) {
  switch (change.deed) {
    case "wrote":
      if (change.kind === "existence") {
        return (
          <>
            <span>
              <CellSubject cell={change} />
            </span>
            <span className="quiet">{change.value === false ? "deleted" : "made"}</span>
          </>
        );
      }
      return (
        <>
          <span>
            <CellSubject cell={change} /> <span className="quiet">{cellWords(change)}</span>
          </span>
          <span className="act-values">
            {change.before !== undefined && (
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
          <span>
            <CellSubject cell={change} /> <span className="quiet">{cellWords(change)}</span>
          </span>
          <span className="quiet">wrote in it</span>
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
