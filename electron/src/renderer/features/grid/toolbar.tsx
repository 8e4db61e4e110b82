/** Above the grid: which columns, which rows, in which order, grouped by what. */
import { ArrowUpDown, Columns3, Download, Eye, EyeOff, FileUp, Layers, Plus, X } from "lucide-react";
import { type RefObject, useState } from "react";
import type { FieldView } from "../../shared/api/schema";
import { Menu, MenuItem, MenuRule } from "../../shared/ui/menu";
import { Popover } from "../../shared/ui/popover";
import { ViewMenu } from "../views/view-menu";
import { FilterButton } from "./filter-editor";
import { FieldIcon } from "./header";
import { orderedFields, type View } from "./view";

type Props = {
  title: string;
  table: string;
  total: number | null;
  fields: readonly FieldView[];
  view: View;
  change: (change: Partial<View>) => void;
  q: string;
  onQ: (q: string) => void;
  search: RefObject<HTMLInputElement | null>;
  filtering: boolean;
  onFiltering: (open: boolean) => void;
  /** The past is looked at: nothing is added to it. */
  readOnly: boolean;
  onAdd: () => void;
  onImport: () => void;
  onExport: () => void;
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
      <ViewMenu table={props.table} fields={fields} view={view} change={change} />
      <Menu
        button={
          <button type="button" className="button quiet-button" data-on={hidden.length > 0 || undefined}>
            <Columns3 size={14} />
            <span className="label">{hidden.length > 0 ? `${hidden.length} hidden` : "Columns"}</span>
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
      <FilterButton
        fields={fields}
        filter={view.filter}
        onFilter={(filter) => change({ filter })}
        open={props.filtering}
        onOpen={props.onFiltering}
      />
      <SortButton {...props} />
      <Menu
        button={
          <button type="button" className="button quiet-button" data-on={view.group !== null || undefined}>
            <Layers size={14} />
            <span className="label">{view.group === null ? "Group" : `Grouped by ${view.group}`}</span>
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
      {!props.readOnly && (
        <button
          type="button"
          className="icon-button"
          aria-label="Import a file"
          title="Import a file, or a block from a spreadsheet"
          onClick={props.onImport}
        >
          <FileUp size={15} />
        </button>
      )}
      <button
        type="button"
        className="icon-button"
        aria-label="Export what you see"
        title="Export what you see"
        onClick={props.onExport}
      >
        <Download size={15} />
      </button>
      {!props.readOnly && (
        <button type="button" className="button accent" onClick={props.onAdd}>
          <Plus size={14} /> <span className="label">New record</span>
        </button>
      )}
    </div>
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
          <ArrowUpDown size={14} />
          <span className="label">{view.sort.length === 0 ? "Sort" : `Sorted by ${view.sort.length}`}</span>
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
