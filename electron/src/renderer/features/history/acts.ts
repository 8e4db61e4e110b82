/** Bundles as acts of people: commands of one correlation by one person belong together. */
import type { BundleView } from "../../shared/api/schema";

export type PastChange = BundleView["changes"][number];

export type PastAct = {
  /** The newest bundle of the act. */
  id: string;
  actor: string;
  at: string;
  what: string;
  operations: number;
  bundles: BundleView[];
  /** What it did as far as the engine told, newest bundle first, and how many changes it left out. */
  changes: PastChange[];
  omitted: number;
  /** The tables that it was about, by id. */
  tables: Map<string, string>;
};

/** Groups bundles, newest first, that follow on each other and share a correlation. */
export function actsOf(bundles: readonly BundleView[]): PastAct[] {
  const acts: PastAct[] = [];
  for (const bundle of bundles) {
    const last = acts.at(-1);
    const before = last?.bundles.at(-1);
    const same = before && before.correlation_id != null && before.correlation_id === bundle.correlation_id;
    const kind = before?.command_type === bundle.command_type;
    let act = last;
    if (!act || !same || !kind || before.actor_id !== bundle.actor_id) {
      act = {
        id: bundle.bundle_id,
        actor: bundle.actor_id,
        at: bundle.at,
        what: "",
        operations: 0,
        bundles: [],
        changes: [],
        omitted: 0,
        tables: new Map(),
      };
      acts.push(act);
    }
    act.bundles.push(bundle);
    act.operations += bundle.operations;
    act.changes.push(...bundle.changes);
    act.omitted += bundle.changes_omitted;
    for (const change of bundle.changes) {
      if ("table_id" in change && change.table_id && change.table)
        act.tables.set(change.table_id, change.table);
    }
  }
  return acts.map((act) => ({ ...act, what: words(act) }));
}

/** The one record that an act was about; `null` when it was about several, or none. */
export function recordOf(act: PastAct): string | null {
  if (act.tables.size === 0) return null;
  const records = new Set(
    act.changes.flatMap((change) => ("entity_id" in change && change.entity_id ? [change.entity_id] : [])),
  );
  return records.size === 1 && act.omitted === 0 ? ([...records][0] ?? null) : null;
}

/** Changes of values: what a person would call cells. */
function cells(act: PastAct): number {
  return act.changes.filter((change) => change.deed === "wrote" && change.kind === "field").length;
}

function records(act: PastAct): number {
  return act.changes.filter((change) => change.deed === "wrote" && change.kind === "existence").length;
}

function words(act: PastAct): string {
  const [first] = act.bundles;
  if (!first) return "";
  const tables = [...act.tables.values()];
  const [table] = tables;
  const where = (word: string) => (table && tables.length === 1 ? ` ${word} ${table}` : "");
  const many = (count: number, one: string) =>
    act.omitted > 0 ? `many ${one}s` : `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
  const told = cells(act);
  const written = many(told, "cell");
  switch (first.source.replace(/^app: /, "")) {
    case "paste":
      return `pasted ${written}${where("into")}`;
    case "fill":
      return `filled ${written}${where("in")}`;
    case "clear":
      return `emptied ${written}${where("in")}`;
    case "import":
      return `imported ${first.command_type === "records.create" ? many(records(act), "record") : written}${where("into")}`;
    default:
  }
  switch (first.command_type) {
    case "records.create":
      return records(act) === 1 && act.omitted === 0
        ? `added a record${where("to")}`
        : `added ${many(records(act), "record")}${where("to")}`;
    case "records.update":
      return `edited ${written}${where("in")}`;
    case "records.delete":
      return act.bundles.length === 1
        ? `deleted a record${where("from")}`
        : `deleted ${act.bundles.length} records${where("from")}`;
    case "records.restore":
      return `undeleted a record${where("of")}`;
    case "records.merge":
      return "made two records one";
    case "records.split":
      return "took a record apart";
    case "tables.create":
      return "made a table";
    case "tables.update":
      return "changed the fields of a table";
    case "tables.follow":
      return "made a field follow another";
    case "tables.delete":
      return "deleted a table";
    case "tables.restore":
      return "undeleted a table";
    case "views.create":
      return "saved a view";
    case "views.update":
      return "changed a view";
    case "views.delete":
      return "deleted a view";
    case "views.restore":
      return "undeleted a view";
    case "edges.create":
      return "linked records";
    case "edges.delete":
      return "removed a link";
    case "edges.reorder":
    case "edges.rebalance":
      return "reordered links";
    case "overlays.commit":
      return `committed a draft${where("of")}`;
    case "conflicts.resolve":
      return `decided a conflict${where("in")}`;
    case "text.update":
      return `wrote in a text${where("of")}`;
    case "undo":
    case "workspace.undo":
      return "undid a change";
    case "redo":
    case "workspace.redo":
      return "did a change again";
    case "history.revert":
      return "took a change back";
    case "workspace.create":
    case "workspace.name":
      return "named the workspace";
    case "decisions.resolve":
      return "settled a decision";
    default:
      return first.command_type.replace(".", ": ").replaceAll("_", " ");
  }
}
