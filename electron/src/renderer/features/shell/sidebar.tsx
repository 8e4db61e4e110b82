/** The side: tables, and what concerns the team. */
import {
  Ellipsis,
  Gavel,
  GitCompareArrows,
  History,
  MonitorSmartphone,
  Pencil,
  Plus,
  Table2,
  Trash2,
} from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { post } from "../../shared/api/client";
import { useCan, useConflicts, usePeers, useTables } from "../../shared/api/queries";
import type { TableView } from "../../shared/api/schema";
import { formatRoute, go, type Route, useRoute } from "../../shared/route";
import { Dialog } from "../../shared/ui/dialog";
import { Menu, MenuItem } from "../../shared/ui/menu";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { DECISIONS_PATH, useDecisions } from "../decisions/queries";
import { presenceWords } from "../peers/last-seen";
import { CreateTable } from "../tables/create-table";
import { TableViews } from "../views/table-views";

export function Sidebar() {
  const tables = useTables().data?.tables ?? [];
  const conflicts = useConflicts().data?.conflicts.length ?? 0;
  const peers = usePeers().data?.peers ?? [];
  const canDecide = useCan(DECISIONS_PATH);
  const decisions = useDecisions().data?.filter((decision) => decision.status !== "resolved").length ?? 0;
  const route = useRoute();
  const [making, setMaking] = useState(false);
  const [renamed, setRenamed] = useState<TableView | null>(null);
  const here = (screen: Route["screen"], id?: string) =>
    route.screen === screen && (route.screen !== "table" || route.table === id);
  return (
    <nav className="sidebar" aria-label="Workspace">
      <div className="sidebar-head">
        <h2>Tables</h2>
        <button
          type="button"
          className="icon-button"
          aria-label="New table"
          title="New table"
          onClick={() => setMaking(true)}
        >
          <Plus size={15} />
        </button>
      </div>
      <ul>
        {tables.map((table) => (
          <li key={table.table_id} className="sidebar-line">
            <Line
              to={{ screen: "table", table: table.table_id, record: null }}
              here={here("table", table.table_id)}
              icon={<Table2 size={15} />}
              count={table.records}
            >
              {table.name}
            </Line>
            <Menu
              button={
                <button
                  type="button"
                  className="icon-button sidebar-more"
                  aria-label={`More about ${table.name}`}
                >
                  <Ellipsis size={14} />
                </button>
              }
            >
              <MenuItem icon={<Pencil size={14} />} onChoose={() => setRenamed(table)}>
                Rename
              </MenuItem>
              <MenuItem icon={<Trash2 size={14} />} danger onChoose={() => void removeTable(table)}>
                Delete
              </MenuItem>
            </Menu>
            {here("table", table.table_id) && <TableViews table={table} />}
          </li>
        ))}
      </ul>
      <div className="sidebar-head">
        <h2>Team</h2>
      </div>
      <ul>
        <li>
          <Line
            to={{ screen: "conflicts" }}
            here={here("conflicts")}
            icon={<GitCompareArrows size={15} />}
            count={conflicts}
            loud
          >
            Conflicts
          </Line>
        </li>
        {canDecide && (
          <li>
            <Line
              to={{ screen: "decisions" }}
              here={here("decisions")}
              icon={<Gavel size={15} />}
              count={decisions}
              loud
            >
              Decisions
            </Line>
          </li>
        )}
        <li>
          <Line
            to={{ screen: "history" }}
            here={here("history") || here("audit")}
            icon={<History size={15} />}
          >
            History
          </Line>
        </li>
        <li>
          <Line
            to={{ screen: "peers" }}
            here={here("peers") || here("doctor")}
            icon={<MonitorSmartphone size={15} />}
            count={peers.filter((peer) => peer.connected).length}
            title={presenceWords(peers)}
          >
            Peers
          </Line>
        </li>
      </ul>
      {making && <CreateTable onClose={() => setMaking(false)} />}
      {renamed && <RenameTable table={renamed} onClose={() => setRenamed(null)} />}
    </nav>
  );
}

function Line(props: {
  to: Route;
  here: boolean;
  icon: ReactNode;
  count?: number;
  loud?: boolean;
  title?: string;
  children: ReactNode;
}) {
  return (
    <a
      className="sidebar-link"
      href={formatRoute(props.to)}
      aria-current={props.here ? "page" : undefined}
      title={props.title || undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(props.to);
      }}
    >
      <span className="sidebar-icon" aria-hidden="true">
        {props.icon}
      </span>
      <span className="sidebar-text">{props.children}</span>
      {props.count !== undefined && (props.count > 0 || !props.loud) && (
        <span className="sidebar-count" data-loud={props.loud || undefined}>
          {props.count.toLocaleString("en")}
        </span>
      )}
    </a>
  );
}

async function removeTable(table: TableView): Promise<void> {
  try {
    const gone = await post("/tables/delete", { table: table.table_id, command: { source: "app: table" } });
    const table_id = gone.table_id;
    go({ screen: "home" });
    toastDone(
      `Deleted ${table.name}`,
      table_id
        ? { label: "Undelete", run: () => void post("/tables/restore", { table_id }).catch(toastProblem) }
        : null,
    );
  } catch (error) {
    toastProblem(error);
  }
}

function RenameTable({ table, onClose }: { table: TableView; onClose: () => void }) {
  const [name, setName] = useState(table.name);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await post("/tables/update", {
        table: table.table_id,
        name: name.trim(),
        command: { source: "app: table" },
      });
      onClose();
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <Dialog open onClose={onClose} title={`Rename ${table.name}`}>
      <form className="form" onSubmit={submit}>
        <label>
          Name
          <input className="input" required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <footer className="dialog-acts">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button accent">
            Rename
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
