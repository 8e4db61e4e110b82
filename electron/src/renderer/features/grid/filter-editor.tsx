/** Composing a filter: conditions joined by “and” or “or”, and groups of them one level down. */
import { FilterIcon, FolderPlus, Plus, Trash2 } from "lucide-react";
import type { FieldView } from "../../shared/api/schema";
import { Popover } from "../../shared/ui/popover";
import {
  countTests,
  type FilterDraft,
  needsText,
  type Operator,
  operatorName,
  operatorsFor,
  type Test,
} from "./filter";

type Props = {
  fields: readonly FieldView[];
  filter: FilterDraft;
  onFilter: (filter: FilterDraft) => void;
  open: boolean;
  onOpen: (open: boolean) => void;
};

export function FilterButton({ fields, filter, onFilter, open, onOpen }: Props) {
  const count = countTests(filter);
  return (
    <Popover
      title="Filter"
      open={open}
      onOpenChange={onOpen}
      button={
        <button type="button" className="button quiet-button" data-on={count > 0 || undefined}>
          <FilterIcon size={14} />
          <span className="label">{count === 0 ? "Filter" : `Filtered by ${count}`}</span>
        </button>
      }
    >
      <FilterGroup fields={fields} group={filter} onGroup={onFilter} nested={false} />
    </Popover>
  );
}

type GroupProps = {
  fields: readonly FieldView[];
  group: FilterDraft;
  onGroup: (group: FilterDraft) => void;
  nested: boolean;
};

function FilterGroup({ fields, group, onGroup, nested }: GroupProps) {
  const { tests, groups = [] } = group;
  const set = (next: Test[]) => onGroup({ ...group, tests: next });
  const setGroups = (next: FilterDraft[]) => onGroup({ ...group, groups: next });
  const edit = (index: number, next: Partial<Test>) =>
    set(tests.map((test, at) => (at === index ? { ...test, ...next } : test)));
  const first = fields[0];
  const blank = (): Test | null =>
    first ? { field: first.name, op: operatorsFor(first.type)[0] ?? "=", text: "" } : null;
  const add = () => {
    const test = blank();
    if (test) set([...tests, test]);
  };
  const addGroup = () => {
    const test = blank();
    if (test) setGroups([...groups, { join: group.join === "and" ? "or" : "and", tests: [test] }]);
  };
  const join = (index: number) => (
    <Join index={index} join={group.join} onJoin={(next) => onGroup({ ...group, join: next })} />
  );
  return (
    <div className="compose" data-nested={nested || undefined}>
      {tests.length === 0 && groups.length === 0 && <p className="quiet">All records are shown.</p>}
      {tests.map((test, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a test has nothing else to be known by
        <div className="compose-row" key={index}>
          {join(index)}
          <TestEditor fields={fields} test={test} onTest={(next) => edit(index, next)} />
          <button
            type="button"
            className="icon-button"
            aria-label="Remove condition"
            onClick={() => set(tests.filter((_, at) => at !== index))}
          >
            <Trash2 size={14} />
          </button>
        </div>
      ))}
      {groups.map((inner, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a group has nothing else to be known by
        <div className="compose-row compose-group" key={index}>
          {join(tests.length + index)}
          <FilterGroup
            fields={fields}
            group={inner}
            nested
            onGroup={(next) => setGroups(groups.map((one, at) => (at === index ? next : one)))}
          />
          <button
            type="button"
            className="icon-button"
            aria-label="Remove group"
            onClick={() => setGroups(groups.filter((_, at) => at !== index))}
          >
            <Trash2 size={14} />
          </button>
        </div>
      ))}
      <div className="compose-acts">
        <button type="button" className="button quiet-button" onClick={add}>
          <Plus size={14} /> Add a condition
        </button>
        {!nested && (
          <button type="button" className="button quiet-button" onClick={addGroup}>
            <FolderPlus size={14} /> Add a group
          </button>
        )}
      </div>
    </div>
  );
}

function Join(props: { index: number; join: "and" | "or"; onJoin: (join: "and" | "or") => void }) {
  if (props.index === 0) return <span className="compose-word">Where</span>;
  if (props.index > 1) return <span className="compose-word">{props.join}</span>;
  return (
    <select
      className="input compose-word"
      aria-label="Join"
      value={props.join}
      onChange={(event) => props.onJoin(event.target.value === "or" ? "or" : "and")}
    >
      <option value="and">and</option>
      <option value="or">or</option>
    </select>
  );
}

function TestEditor(props: {
  fields: readonly FieldView[];
  test: Test;
  onTest: (next: Partial<Test>) => void;
}) {
  const { fields, test, onTest } = props;
  const field = fields.find((known) => known.name === test.field);
  const type = field?.type ?? "text";
  return (
    <>
      <select
        className="input"
        aria-label="Field"
        value={test.field}
        onChange={(event) => {
          const next = fields.find((known) => known.name === event.target.value);
          if (next) onTest({ field: next.name, op: operatorsFor(next.type)[0] ?? "=", text: "" });
        }}
      >
        {fields.map((known) => (
          <option key={known.field_id}>{known.name}</option>
        ))}
      </select>
      <select
        className="input"
        aria-label="Comparison"
        value={test.op}
        onChange={(event) => onTest({ op: event.target.value as Operator })}
      >
        {operatorsFor(type).map((op) => (
          <option key={op} value={op}>
            {operatorName(op, type)}
          </option>
        ))}
      </select>
      {needsText(test.op) && <TestValue field={field} test={test} onChange={(text) => onTest({ text })} />}
    </>
  );
}

function TestValue(props: { field: FieldView | undefined; test: Test; onChange: (text: string) => void }) {
  const { field, test, onChange } = props;
  const options = field?.type === "enum" ? field.options : field?.type === "boolean" ? ["yes", "no"] : null;
  if (options) {
    return (
      <select
        className="input"
        aria-label="Value"
        value={test.text}
        onChange={(event) => onChange(event.target.value)}
      >
        <option value="">…</option>
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    );
  }
  return (
    <input
      className="input"
      aria-label="Value"
      placeholder={field?.type === "date" ? "2026-11-21" : "Value"}
      value={test.text}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
