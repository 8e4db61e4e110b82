/** A change of one cell, in words and values: what it is about, what stood there, what stands there. */
import { useTables } from "../../shared/api/queries";
import type { CellView, FieldView } from "../../shared/api/schema";
import type { Value } from "../values/value";
import { ValueView } from "../values/value-view";
import { useLabel } from "./labels";

export type Cell = Partial<CellView> & Pick<CellView, "kind">;

export function cellWords(cell: Cell): string {
  switch (cell.kind) {
    case "existence":
      return "exists";
    case "membership":
      return `in ${cell.table ?? "table"}`;
    case "place":
      return "place";
    default:
      return cell.field ?? "";
  }
}

export function CellSubject({ cell }: { cell: Cell }) {
  const label = useLabel(cell.entity_id ?? "");
  return (
    <>
      {cell.entity_id ? (label?.text ?? "…") : "Link"}{" "}
      {cell.table && <small className="quiet">{cell.table}</small>}
    </>
  );
}

export function CellValue({ cell, value }: { cell: Cell; value: Value | undefined }) {
  const field = useFieldOf(cell);
  if (value === null || value === undefined) return <span className="quiet">—</span>;
  if (field) return <ValueView value={value} field={field} />;
  return (
    <>
      {typeof value === "boolean" ? (value ? "yes" : "no") : typeof value === "object" ? "…" : String(value)}
    </>
  );
}

function useFieldOf(cell: Cell): FieldView | undefined {
  const table = useTables().data?.tables.find((one) => one.table_id === cell.table_id);
  return cell.kind === "field" ? table?.fields.find((field) => field.name === cell.field) : undefined;
}
