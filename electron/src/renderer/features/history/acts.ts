/** Bundles as acts of people: commands of one correlation by one person belong together. */
import type { BundleView } from "../../shared/api/schema";

export type PastAct = {
  /** The newest bundle of the act. */
  id: string;
  actor: string;
  at: string;
  what: string;
  operations: number;
  bundles: BundleView[];
};

/** Groups bundles, newest first, that follow on each other and share a correlation. */
export function actsOf(bundles: readonly BundleView[]): PastAct[] {
  const acts: PastAct[] = [];
  for (const bundle of bundles) {
    const last = acts.at(-1);
    const before = last?.bundles.at(-1);
    const same = before && before.correlation_id != null && before.correlation_id === bundle.correlation_id;
    if (last && same && before.actor_id === bundle.actor_id) {
      last.bundles.push(bundle);
      last.operations += bundle.operations;
    } else {
      acts.push({
        id: bundle.bundle_id,
        actor: bundle.actor_id,
        at: bundle.at,
        what: "",
        operations: bundle.operations,
        bundles: [bundle],
      });
    }
  }
  return acts.map((act) => ({ ...act, what: words(act) }));
}

function words({ bundles, operations }: PastAct): string {
  const [first] = bundles;
  if (!first) return "";
  const many = (one: string) => `${operations.toLocaleString("en")} ${one}${operations === 1 ? "" : "s"}`;
  switch (first.source.replace(/^app: /, "")) {
    case "paste":
      return `pasted ${many("cell")}`;
    case "fill":
      return `filled ${many("cell")}`;
    case "clear":
      return `cleared ${many("cell")}`;
    case "import":
      return `imported ${many("cell")}`;
    default:
  }
  switch (first.command_type) {
    case "records.create":
      return `added records (${many("cell")})`;
    case "records.update":
      return `edited ${many("cell")}`;
    case "records.delete":
      return bundles.length === 1 ? "deleted a record" : `deleted ${bundles.length} records`;
    case "records.restore":
      return "undeleted a record";
    case "tables.create":
      return "made a table";
    case "tables.update":
      return "changed the fields of a table";
    case "tables.delete":
      return "deleted a table";
    case "overlays.commit":
      return `committed a draft (${many("change")})`;
    case "conflicts.resolve":
      return "decided a conflict";
    case "text.update":
      return "wrote in a text";
    case "workspace.create":
      return "made the workspace";
    default:
      return `${first.command_type.replace(".", " ").replaceAll("_", " ")} (${many("operation")})`;
  }
}
