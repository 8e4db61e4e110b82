/** At the side: the saved views of the table that is shown. */
import { currentWorkspace } from "../../shared/api/client";
import type { TableView } from "../../shared/api/schema";
import { useView } from "../grid/view";
import { chosen } from "./chosen";
import { useSavedViews } from "./queries";
import { settingsWords } from "./settings";

export function TableViews({ table }: { table: TableView }) {
  const views = useSavedViews(table.table_id);
  const [view, change] = useView(currentWorkspace() ?? "", table.table_id);
  if (views.length === 0) return null;
  return (
    <ul className="sidebar-views" aria-label={`Views of ${table.name}`}>
      {views.map((one) => (
        <li key={one.view_id}>
          <button
            type="button"
            className="sidebar-link"
            aria-current={view.saved === one.view_id ? "true" : undefined}
            title={settingsWords(one.settings, table.fields)}
            onClick={() => change(chosen(one, table.fields))}
          >
            <span className="sidebar-text">{one.name}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
