/** A value as it is shown, in a cell or elsewhere. */
import { FileText, Unlink } from "lucide-react";
import { memo } from "react";
import type { FieldView } from "../../shared/api/schema";
import { useLabel } from "../records/labels";
import { formatValue, isBlob, isEntity, itemsOf, type Value } from "./value";

const HUES = 8;

/** Values of numbers and times stand to the right, so that their digits line up. */
export function isNumeric(type: string): boolean {
  return type === "integer" || type === "float" || type === "duration";
}

type Shown = {
  value: Value | undefined;
  field: Pick<FieldView, "type" | "options" | "mode" | "name">;
  broken?: string;
};

export const ValueView = memo(function ValueView({ value, field, broken }: Shown) {
  if (broken) {
    return (
      <span className="value-broken" title={brokenWords(broken)}>
        <Unlink size={12} aria-hidden="true" />
        <span className="chip-text">{brokenWords(broken)}</span>
      </span>
    );
  }
  if (value === null || value === undefined) return null;
  if (isEntity(value)) return <EntityLabel entity={value.entity} />;
  if (isBlob(value)) {
    return (
      <span className="chip">
        <FileText size={12} aria-hidden="true" />
        <span className="chip-text">{value.name || "file"}</span>
      </span>
    );
  }
  const items = itemsOf(value);
  if (items) {
    return (
      <span className="value-list">
        {items.map((item, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: items of a list have nothing else to be known by
          <span className="chip chip-item" key={index}>
            <span className="chip-text">
              {isEntity(item) ? <EntityLabel entity={item.entity} /> : formatValue([item], field)}
            </span>
          </span>
        ))}
      </span>
    );
  }
  if (field.type === "boolean") {
    return (
      <span className="value-check" data-on={value === true || undefined}>
        <span className="hidden">{value === true ? "Yes" : "No"}</span>
      </span>
    );
  }
  if (field.type === "enum") {
    const index = field.options.indexOf(String(value));
    return (
      <span className="chip" data-hue={index < 0 ? undefined : index % HUES}>
        <i aria-hidden="true" />
        <span className="chip-text">{String(value)}</span>
      </span>
    );
  }
  return <>{formatValue(value, field)}</>;
});

export function EntityLabel({ entity }: { entity: string }) {
  const label = useLabel(entity);
  return (
    <span className="chip chip-link" data-pending={label === undefined || undefined}>
      <span className="chip-text">{label?.text ?? "…"}</span>
    </span>
  );
}

function brokenWords(reason: string): string {
  switch (reason) {
    case "deleted":
      return "leads to a deleted record";
    case "missing":
      return "not here yet";
    case "no_field":
      return "the field is gone";
    default:
      return "leads back to itself";
  }
}
