/** Above the grid: which columns, which rows, in which order, grouped by what. */
import {
  ArrowUpDown,
  Columns3,
  Eye,
  EyeOff,
  FileUp,
  FilterIcon,
  Layers,
  Plus,
  Trash2,
  X,
} from "lucide-react";
import { type RefObject, useState } from "react";
import type { FieldView } from "../../shared/api/schema";
import { Menu, MenuItem, MenuRule } from "../../shared/ui/menu";
import { Popover } from "../../shared/ui/popover";
import { needsText, type Operator, operatorName, operatorsFor, type Test } from "./filter";
import { FieldIcon } from "./header";
import { orderedFields, type View } from "./view";

type Props = {
  title: string;
  total: number | null;
  fields: readonly FieldView[];
  view: View;
  change: (change: Partial<View>) => void;
  q: string;
  onQ: (q: string) => void;
  search: RefObject<HTMLInputElement | null>;
  filtering: boolean;
  onFiltering: (open: boolean) => void;
  onAdd: () => void;
  onImport: () => void;
};

export function Toolbar(props: Props) {
  const { fields, view, change } = props;
  const ordered = orderedFields(fields, view);
  const hidden = ordered.filter((field) => view.hidden.includes(field.field_id));
  return (
    <div className="toolbar">
      <h1 className="toolbar-title">{props.title}</h1>
      <span className="count" role="status">
        {props.total === null
          ? ""
          : `${props.total.toLocaleString("en")} ${props.total === 1 ? "record" : "records"}`}
      </span>
      <span className="toolbar-rule wide" aria-hidden="true" />
      <Menu
        button={
          <button type="button" className="button quiet-button" data-on={hidden.length > 0 || undefined}>
            <Columns3 size={14} /> {hidden.length > 0 ? `${hidden.length} hidden` : "Columns"}
          </button>
        }
      >
        {ordered.map((field) => {
          const isHidden = view.hidden.includes(field.field_id);
          return (
            <MenuItem
              key={field.field_id}
              icon={isHidden ? <EyeOff size={14} /> : <Eye size={14} />}
              disabled={!isHidden && hidden.length === ordered.length - 1}
              onChoose={() =>
                change({
                  hidden: isHidden
                    ? view.hidden.filter((id) => id !== field.field_id)
                    : [...view.hidden, field.field_id],
                })
              }
            >
              <span data-dim={isHidden || undefined}>{field.name}</span>
            </MenuItem>
          );
        })}
        {hidden.length > 0 && <MenuRule />}
        {hidden.length > 0 && <MenuItem onChoose={() => change({ hidden: [] })}>Show all</MenuItem>}
      </Menu>
      <FilterButton {...props} />
      <SortButton {...props} />
      <Menu
        button={
          <button type="button" className="button quiet-button" data-on={view.group !== null || undefined}>
            <Layers size={14} /> {view.group === null ? "Group" : `Grouped by ${view.group}`}
          </button>
        }
      >
        {ordered.map((field) => (
          <MenuItem
            key={field.field_id}
            icon={<FieldIcon field={field} />}
            chosen={view.group === field.name}
            onChoose={() => change({ group: view.group === field.name ? null : field.name })}
          >
            {field.name}
          </MenuItem>
        ))}
        {view.group !== null && <MenuRule />}
        {view.group !== null && <MenuItem onChoose={() => change({ group: null })}>Do not group</MenuItem>}
      </Menu>
      <span className="space" />
      <input
        ref={props.search}
        type="search"
        className="input find"
        placeholder="Find in this table"
        aria-label="Find in this table"
        value={props.q}
        onChange={(event) => props.onQ(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && props.q !== "") {
            event.preventDefault();
            props.onQ("");
          } else if (event.key === "Enter" || event.key === "Escape") {
            document.querySelector<HTMLElement>(".grid")?.focus();
          }
        }}
      />
      <button
        type="button"
        className="button quiet-button"
        aria-label="Import a CSV file"
        title="Import a CSV file"
        onClick={props.onImport}
      >
        <FileUp size={14} /> <span className="wide">Import</span>
      </button>
      <button type="button" className="button accent" onClick={props.onAdd}>
        <Plus size={14} /> New record
      </button>
    </div>
  );
}

function FilterButton({ fields, view, change, filtering, onFiltering }: Props) {
  const { filter } = view;
  const set = (tests: Test[]) => change({ filter: { ...filter, tests } });
  const edit = (index: number, next: Partial<Test>) =>
    set(filter.tests.map((test, at) => (at === index ? { ...test, ...next } : test)));
  const first = fields[0];
  const add = () => {
    if (first)
      set([...filter.tests, { field: first.name, op: operatorsFor(first.type)[0] ?? "=", text: "" }]);
  };
  return (
    <Popover
      title="Filter"
      open={filtering}
      onOpenChange={onFiltering}
      button={
        <button type="button" className="button quiet-button" data-on={filter.tests.length > 0 || undefined}>
          <FilterIcon size={14} />{" "}
          {filter.tests.length === 0 ? "Filter" : `Filtered by ${filter.tests.length}`}
        </button>
      }
    >
      <div className="compose">
        {filter.tests.length === 0 && <p className="quiet">All records are shown.</p>}
        {filter.tests.map((test, index) => {
          const field = fields.find((known) => known.name === test.field);
          const type = field?.type ?? "text";
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a test has nothing else to be known by
            <div className="compose-row" key={index}>
              {index === 0 ? (
                <span className="compose-word">Where</span>
              ) : index === 1 ? (
                <select
                  className="input compose-word"
                  aria-label="Join"
                  value={filter.join}
                  onChange={(event) =>
                    change({ filter: { ...filter, join: event.target.value === "or" ? "or" : "and" } })
                  }
                >
                  <option value="and">and</option>
                  <option value="or">or</option>
                </select>
              ) : (
                <span className="compose-word">{filter.join}</span>
              )}
              <select
                className="input"
                aria-label="Field"
                value={test.field}
                onChange={(event) => {
                  const next = fields.find((known) => known.name === event.target.value);
                  if (next)
                    edit(index, { field: next.name, op: operatorsFor(next.type)[0] ?? "=", text: "" });
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
                onChange={(event) => edit(index, { op: event.target.value as Operator })}
              >
                {operatorsFor(type).map((op) => (
                  <option key={op} value={op}>
                    {operatorName(op, type)}
                  </option>
                ))}
              </select>
              {needsText(test.op) && (
                <TestValue field={field} test={test} onChange={(text) => edit(index, { text })} />
              )}
              <button
                type="button"
                className="icon-button"
                aria-label="Remove"
                onClick={() => set(filter.tests.filter((_, at) => at !== index))}
              >
                <Trash2 size={14} />
              </button>
            </div>
          );
        })}
        <button type="button" className="button quiet-button" onClick={add}>
          <Plus size={14} /> Add a condition
        </button>
      </div>
    </Popover>
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

function SortButton({ fields, view, change }: Props) {
  const [open, setOpen] = useState(false);
  const unused = fields.find((field) => !view.sort.some((key) => key.field === field.name));
  return (
    <Popover
      title="Sort"
      open={open}
      onOpenChange={setOpen}
      button={
        <button type="button" className="button quiet-button" data-on={view.sort.length > 0 || undefined}>
          <ArrowUpDown size={14} /> {view.sort.length === 0 ? "Sort" : `Sorted by ${view.sort.length}`}
        </button>
      }
    >
      <div className="compose">
        {view.sort.length === 0 && <p className="quiet">In the order in which they were made.</p>}
        {view.sort.map((key, index) => (
          <div className="compose-row" key={key.field}>
            <span className="compose-word">{index === 0 ? "By" : "then by"}</span>
            <select
              className="input"
              aria-label="Field"
              value={key.field}
              onChange={(event) =>
                change({
                  sort: view.sort.map((one, at) =>
                    at === index ? { ...one, field: event.target.value } : one,
                  ),
                })
              }
            >
              {fields
                .filter(
                  (field) => field.name === key.field || !view.sort.some((one) => one.field === field.name),
                )
                .map((field) => (
                  <option key={field.field_id}>{field.name}</option>
                ))}
            </select>
            <select
              className="input"
              aria-label="Direction"
              value={key.descending ? "desc" : "asc"}
              onChange={(event) =>
                change({
                  sort: view.sort.map((one, at) =>
                    at === index ? { ...one, descending: event.target.value === "desc" } : one,
                  ),
                })
              }
            >
              <option value="asc">ascending</option>
              <option value="desc">descending</option>
            </select>
            <button
              type="button"
              className="icon-button"
              aria-label="Remove"
              onClick={() => change({ sort: view.sort.filter((_, at) => at !== index) })}
            >
              <X size={14} />
            </button>
          </div>
        ))}
        {unused && (
          <button
            type="button"
            className="button quiet-button"
            onClick={() => change({ sort: [...view.sort, { field: unused.name, descending: false }] })}
          >
            <Plus size={14} /> Add a field
          </button>
        )}
      </div>
    </Popover>
  );
}
