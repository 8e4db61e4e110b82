/** The headings: sort, resize, reorder by dragging, and a menu for the rest. */
import {
  ArrowDown,
  ArrowLeft,
  ArrowRight,
  ArrowUp,
  Braces,
  Calendar,
  CalendarClock,
  ChevronDown,
  CircleDot,
  CornerDownRight,
  EyeOff,
  File,
  FilterIcon,
  Hash,
  Layers,
  Link2,
  List,
  Pencil,
  Pin,
  SquareCheck,
  Timer,
  Trash2,
  Type,
} from "lucide-react";
import { memo, type PointerEvent as ReactPointerEvent, useState } from "react";
import type { FieldView } from "../../shared/api/schema";
import { Menu, MenuItem, MenuRule } from "../../shared/ui/menu";
import type { SortKey } from "./filter";
import { type Column, GUTTER, WIDTH_MAX, WIDTH_MIN } from "./view";

export const HEADER_HEIGHT = 34;

/** Below this, a press on a heading is a click and no drag. */
const DRAG_PX_MIN = 5;

export type HeaderActs = {
  sort: (field: FieldView, descending: boolean | null) => void;
  filter: (field: FieldView) => void;
  group: (field: FieldView) => void;
  hide: (field: FieldView) => void;
  freeze: (count: number) => void;
  resize: (field: FieldView, width: number) => void;
  move: (field: FieldView, before: FieldView | null) => void;
  shift: (field: FieldView, by: -1 | 1) => void;
  select: (index: number) => void;
  rename: (field: FieldView) => void;
  /** Lets a reference field follow something else. */
  follow: (field: FieldView) => void;
  remove: (field: FieldView) => void;
};

export function FieldIcon({ field, size = 13 }: { field: Pick<FieldView, "type" | "mode">; size?: number }) {
  if (field.mode === "reference") return <CornerDownRight size={size} aria-hidden="true" />;
  const icons: Record<string, typeof Type> = {
    text: Type,
    integer: Hash,
    float: Hash,
    boolean: SquareCheck,
    date: Calendar,
    datetime: CalendarClock,
    duration: Timer,
    enum: CircleDot,
    entity: Link2,
    blob: File,
    crdt_text: Type,
    crdt_list: List,
  };
  const Icon = icons[field.type] ?? Braces;
  return <Icon size={size} aria-hidden="true" />;
}

type Props = {
  columns: readonly Column[];
  width: number;
  sort: readonly SortKey[];
  group: string | null;
  frozen: number;
  /** The past, or what may only be looked at: its fields stay as they are. */
  readOnly: boolean;
  acts: HeaderActs;
  end: React.ReactNode;
};

/** What changes the field itself, for everybody. */
function FieldActs({ field, acts }: { field: FieldView; acts: HeaderActs }) {
  return (
    <>
      <MenuRule />
      <MenuItem icon={<Pencil size={14} />} onChoose={() => acts.rename(field)}>
        Rename
      </MenuItem>
      {field.mode === "reference" && (
        <MenuItem icon={<CornerDownRight size={14} />} onChoose={() => acts.follow(field)}>
          What it shows…
        </MenuItem>
      )}
      <MenuItem icon={<Trash2 size={14} />} danger onChoose={() => acts.remove(field)}>
        Remove from table
      </MenuItem>
    </>
  );
}

export const Header = memo(function Header({
  columns,
  width,
  sort,
  group,
  frozen,
  readOnly,
  acts,
  end,
}: Props) {
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);

  const startDrag = (event: ReactPointerEvent<HTMLElement>, from: number) => {
    if (event.button !== 0) return;
    const heading = event.currentTarget;
    const startX = event.clientX;
    const lefts = columns.map((column) => column.left + column.width / 2);
    const origin = heading.closest(".grid")?.getBoundingClientRect().left ?? 0;
    let to: number | null = null;
    heading.setPointerCapture(event.pointerId);
    const onMove = (moved: PointerEvent) => {
      if (to === null && Math.abs(moved.clientX - startX) < DRAG_PX_MIN) return;
      const scroll = heading.closest(".grid")?.scrollLeft ?? 0;
      const x = moved.clientX - origin + scroll;
      to = lefts.filter((middle) => middle < x).length;
      setDrag({ from, to });
    };
    const onUp = () => {
      heading.removeEventListener("pointermove", onMove);
      setDrag(null);
      const moved = columns[from]?.field;
      if (to === null) acts.select(from);
      else if (moved && to !== from && to !== from + 1) acts.move(moved, columns[to]?.field ?? null);
    };
    heading.addEventListener("pointermove", onMove);
    heading.addEventListener("pointerup", onUp, { once: true });
    heading.addEventListener("pointercancel", onUp, { once: true });
  };

  const startResize = (event: ReactPointerEvent<HTMLElement>, column: Column) => {
    event.preventDefault();
    event.stopPropagation();
    const handle = event.currentTarget;
    const startX = event.clientX;
    handle.setPointerCapture(event.pointerId);
    const onMove = (moved: PointerEvent) => {
      const next = column.width + moved.clientX - startX;
      acts.resize(column.field, Math.round(Math.min(Math.max(next, WIDTH_MIN), WIDTH_MAX)));
    };
    handle.addEventListener("pointermove", onMove);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", onMove), {
      once: true,
    });
  };

  return (
    <div role="row" className="header" aria-rowindex={1} style={{ width, height: HEADER_HEIGHT }}>
      <div role="columnheader" aria-colindex={1} className="gutter" style={{ width: GUTTER }}>
        <span className="hidden">Number</span>
      </div>
      {columns.map((column, index) => {
        const { field } = column;
        const rank = sort.findIndex((key) => key.field === field.name);
        const key = sort[rank];
        return (
          <div
            key={field.field_id}
            role="columnheader"
            aria-colindex={index + 2}
            aria-sort={!key ? "none" : key.descending ? "descending" : "ascending"}
            className="heading"
            data-frozen={column.frozen || undefined}
            data-drag={drag?.from === index || undefined}
            data-drop={drag?.to === index || undefined}
            style={column.frozen ? { width: column.width, left: column.left } : { width: column.width }}
          >
            <span
              className="heading-name"
              title={field.name}
              onPointerDown={(event) => startDrag(event, index)}
            >
              <FieldIcon field={field} />
              <span className="heading-text">{field.name}</span>
            </span>
            {key && (
              <span className="heading-sort" title={key.descending ? "Sorted down" : "Sorted up"}>
                {key.descending ? <ArrowDown size={12} /> : <ArrowUp size={12} />}
                {sort.length > 1 && <small>{rank + 1}</small>}
              </span>
            )}
            <Menu
              align="end"
              button={
                <button
                  type="button"
                  className="icon-button heading-menu"
                  aria-label={`Column ${field.name}`}
                >
                  <ChevronDown size={14} />
                </button>
              }
            >
              <MenuItem
                icon={<ArrowUp size={14} />}
                chosen={key?.descending === false}
                onChoose={() => acts.sort(field, false)}
              >
                Sort ascending
              </MenuItem>
              <MenuItem
                icon={<ArrowDown size={14} />}
                chosen={key?.descending === true}
                onChoose={() => acts.sort(field, true)}
              >
                Sort descending
              </MenuItem>
              {key && <MenuItem onChoose={() => acts.sort(field, null)}>Do not sort by it</MenuItem>}
              <MenuRule />
              <MenuItem icon={<FilterIcon size={14} />} onChoose={() => acts.filter(field)}>
                Filter by it
              </MenuItem>
              <MenuItem
                icon={<Layers size={14} />}
                chosen={group === field.name}
                onChoose={() => acts.group(field)}
              >
                {group === field.name ? "Do not group by it" : "Group by it"}
              </MenuItem>
              <MenuRule />
              <MenuItem
                icon={<Pin size={14} />}
                onChoose={() => acts.freeze(frozen === index + 1 ? 0 : index + 1)}
              >
                {frozen === index + 1 ? "Let columns scroll" : "Keep in sight up to here"}
              </MenuItem>
              <MenuItem
                icon={<EyeOff size={14} />}
                disabled={columns.length === 1}
                onChoose={() => acts.hide(field)}
              >
                Hide
              </MenuItem>
              <MenuItem
                icon={<ArrowLeft size={14} />}
                disabled={index === 0}
                onChoose={() => acts.shift(field, -1)}
              >
                Move left
              </MenuItem>
              <MenuItem
                icon={<ArrowRight size={14} />}
                disabled={index === columns.length - 1}
                onChoose={() => acts.shift(field, 1)}
              >
                Move right
              </MenuItem>
              {!readOnly && <FieldActs field={field} acts={acts} />}
            </Menu>
            <span
              className="resize"
              aria-hidden="true"
              onPointerDown={(event) => startResize(event, column)}
            />
          </div>
        );
      })}
      <div role="columnheader" aria-colindex={columns.length + 2} className="heading heading-end">
        {end}
      </div>
    </div>
  );
});
