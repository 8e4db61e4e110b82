/** The frame around every screen: bars, side, keys that work anywhere. */
import { Table2 } from "lucide-react";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { currentWorkspace, post } from "../../shared/api/client";
import { EngineProblem } from "../../shared/api/problem";
import { useCan, useOverlays, useTables } from "../../shared/api/queries";
import { currentLink, retrySocket, subscribeLink } from "../../shared/api/socket";
import { go, useRoute } from "../../shared/route";
import { Empty, Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { AuditScreen } from "../audit/audit-screen";
import { ConflictInbox } from "../conflicts/inbox";
import { DecisionInbox } from "../decisions/inbox";
import { DECISIONS_PATH } from "../decisions/queries";
import { CreateDraft, commitDraft, DraftBar } from "../drafts/draft-bar";
import { DraftReview } from "../drafts/review";
import { GridScreen } from "../grid/grid-screen";
import { Away } from "../history/away";
import { HistoryScreen } from "../history/history-screen";
import { tellSkipped } from "../history/skipped";
import { DoctorScreen } from "../peers/doctor";
import { InviteDialog } from "../peers/invite-dialog";
import { PeersScreen } from "../peers/peers-screen";
import { RecordPanel } from "../record/record-panel";
import { CreateTable } from "../tables/create-table";
import { moveViews } from "../views/moving";
import { Help } from "./help";
import { Palette, type PaletteAct } from "./palette";
import { Sidebar } from "./sidebar";
import { useTheme } from "./theme";
import { TopBar } from "./top-bar";

type Open = "palette" | "help" | "table" | "draft" | "invite" | null;

/** Takes back what was done last, or does it again. */
async function back(path: "/undo" | "/redo"): Promise<void> {
  try {
    const { skipped } = await post(path, {});
    if (skipped.length > 0) toastDone(tellSkipped(skipped, path === "/undo" ? "back" : "again"));
  } catch (error) {
    if (error instanceof EngineProblem && error.code.startsWith("nothing_to_")) {
      toastDone(path === "/undo" ? "Nothing to undo" : "Nothing to do again");
    } else toastProblem(error);
  }
}

/** How long after G another letter still means “go to”. */
const CHORD_MS = 2_000;

const CHORDS = {
  a: { screen: "audit", record: null },
  c: { screen: "conflicts" },
  d: { screen: "decisions" },
  h: { screen: "history" },
  p: { screen: "peers" },
} as const;

function isChord(key: string): key is keyof typeof CHORDS {
  return key in CHORDS;
}

export function Shell() {
  const [open, setOpen] = useState<Open>(null);
  const overlays = useOverlays().data?.overlays ?? [];
  const active = overlays.find((overlay) => overlay.active);
  const [, setTheme] = useTheme();
  const canUndo = useCan("/undo");
  const canDecide = useCan(DECISIONS_PATH);

  const keys = useRef({ active, canUndo, canDecide });
  keys.current = { active, canUndo, canDecide };
  useEffect(() => {
    // When G was pressed, as events tell it: a busy page handles keys late, and must not forget the first of two.
    let chord = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent) => {
      const ctrl = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      if (ctrl && key === "k") {
        event.preventDefault();
        setOpen("palette");
        return;
      }
      const find = document.querySelector<HTMLInputElement>(".find");
      if (ctrl && key === "f" && !event.shiftKey && find) {
        event.preventDefault();
        find.select();
        return;
      }
      if (event.defaultPrevented || isTyping(event.target)) return;
      if (ctrl && key === "enter" && keys.current.active) {
        event.preventDefault();
        void commitDraft(keys.current.active);
      } else if (ctrl && key === "z" && keys.current.canUndo) {
        event.preventDefault();
        void back(event.shiftKey ? "/redo" : "/undo");
      } else if (event.key === "?" && !ctrl) {
        event.preventDefault();
        setOpen("help");
      } else if (!ctrl && !event.altKey && event.timeStamp - chord < CHORD_MS && isChord(key)) {
        chord = Number.NEGATIVE_INFINITY;
        if (key === "d" && !keys.current.canDecide) return;
        event.preventDefault();
        go(CHORDS[key]);
      } else if (key === "g" && !ctrl) chord = event.timeStamp;
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  const acts = useMemo<PaletteAct[]>(
    () => [
      { name: "New table", run: () => setOpen("table") },
      { name: "New draft", run: () => setOpen("draft") },
      ...(active
        ? [{ name: `Commit “${active.name}”`, keys: "Ctrl ↵", run: () => void commitDraft(active) }]
        : []),
      { name: "Conflicts", keys: "G C", run: () => go({ screen: "conflicts" }) },
      ...(canDecide
        ? [{ name: "Decisions", keys: "G D", run: () => go({ screen: "decisions" as const }) }]
        : []),
      { name: "History", keys: "G H", run: () => go({ screen: "history" }) },
      { name: "Audit trail", keys: "G A", run: () => go({ screen: "audit", record: null }) },
      { name: "Peers", keys: "G P", run: () => go({ screen: "peers" }) },
      { name: "Invite somebody", run: () => setOpen("invite") },
      { name: "Create or join a workspace", run: () => go({ screen: "start" }) },
      { name: "Looks: dark", run: () => setTheme("dark") },
      { name: "Looks: light", run: () => setTheme("light") },
      { name: "Looks: show, dim red", run: () => setTheme("show") },
      { name: "Keyboard help", keys: "?", run: () => setOpen("help") },
    ],
    [active, canDecide, setTheme],
  );

  useMovedViews();
  const close = () => setOpen(null);
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to content
      </button>
      <TopBar
        onPalette={() => setOpen("palette")}
        onHelp={() => setOpen("help")}
        onUndo={() => void back("/undo")}
        onRedo={() => void back("/redo")}
      />
      {active && <DraftBar overlay={active} />}
      <Reconnecting />
      <Away />
      <div className="shell-body">
        <Sidebar />
        <main id="main" className="main" tabIndex={-1}>
          <Screen onCreate={() => setOpen("table")} />
        </main>
      </div>
      {open === "palette" && <Palette acts={acts} onClose={close} />}
      {open === "help" && <Help onClose={close} />}
      {open === "table" && <CreateTable onClose={close} />}
      {open === "draft" && <CreateDraft onClose={close} />}
      {open === "invite" && <InviteDialog onClose={close} />}
    </div>
  );
}

function Screen({ onCreate }: { onCreate: () => void }) {
  const route = useRoute();
  const tables = useTables();
  const first = tables.data?.tables[0]?.table_id;
  useEffect(() => {
    if (route.screen === "home" && first)
      go({ screen: "table", table: first, record: null }, { replace: true });
  }, [route.screen, first]);
  switch (route.screen) {
    case "conflicts":
      return <ConflictInbox />;
    case "history":
      return <HistoryScreen />;
    case "audit":
      return <AuditScreen key={route.record} record={route.record} />;
    case "peers":
      return <PeersScreen />;
    case "doctor":
      return <DoctorScreen />;
    case "decisions":
      return <DecisionInbox />;
    case "draft":
      return <DraftReview key={route.overlay} overlay_id={route.overlay} />;
    default:
  }
  if (tables.isPending) return <Loading what="tables" />;
  if (tables.isError) return <Failed error={tables.error} retry={() => void tables.refetch()} />;
  const list = tables.data.tables;
  const wanted = route.screen === "table" ? list.find((table) => table.table_id === route.table) : list[0];
  if (!wanted) {
    return (
      <Empty
        icon={<Table2 size={28} />}
        title={list.length === 0 ? "No tables yet" : "This table is no more"}
        acts={
          <button type="button" className="button accent" onClick={onCreate}>
            New table
          </button>
        }
      >
        {list.length === 0
          ? "A table holds records: people, props, cues, performances."
          : "Somebody deleted it. Choose another at the side."}
      </Empty>
    );
  }
  const record = route.screen === "table" ? route.record : null;
  const at = route.screen === "table" ? (route.at ?? null) : null;
  return (
    <div className="table-screen">
      <GridScreen key={`${wanted.table_id} ${at}`} table={wanted} opened={record} at={at} />
      {record !== null && <RecordPanel key={record} table={wanted} entity={record} at={at} />}
    </div>
  );
}

/** Gives the team the views that an earlier version of this page kept in the browser. */
function useMovedViews(): void {
  const tables = useTables().data?.tables;
  const begun = useRef(false);
  useEffect(() => {
    if (!tables || begun.current) return;
    begun.current = true;
    moveViews(currentWorkspace() ?? "", tables).then((moved) => {
      if (moved > 0)
        toastDone(`${moved === 1 ? "A view" : `${moved} views`} of this browser went to the whole team`);
    }, toastProblem);
  }, [tables]);
}

function Reconnecting() {
  const link = useSyncExternalStore(subscribeLink, currentLink);
  if (link !== "lost") return null;
  return (
    <div className="reconnect" role="alert">
      <span className="spinner" aria-hidden="true" />
      The engine on this computer does not answer. Trying again…
      <button type="button" className="button" onClick={retrySocket}>
        Try now
      </button>
    </div>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input, textarea, select, [contenteditable], .text-host") !== null
  );
}
