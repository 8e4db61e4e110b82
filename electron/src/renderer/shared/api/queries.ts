/** What the page asks the engine: one hook a question. Answers stay until an event makes them stale. */
import { QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { chooseWorkspace, currentWorkspace, get, getJson } from "./client";
import { EngineProblem } from "./problem";
import type { FieldView, TableView } from "./schema";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (count, error) => error instanceof EngineProblem && error.status === 0 && count < 2,
      retryDelay: 300,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

export type Table = TableView;
export type Field = FieldView;

/** Asks for what the first screen needs before anything is drawn: drawing need not wait, nor the asking for it. */
export async function askAhead(): Promise<void> {
  try {
    const { workspaces } = await queryClient.fetchQuery(asksWorkspaces);
    const [first] = workspaces;
    if (!first) return;
    if (!workspaces.some((one) => one.workspace_id === currentWorkspace()))
      chooseWorkspace(first.workspace_id);
    await Promise.all([
      queryClient.fetchQuery(asksTables),
      queryClient.fetchQuery(asksStatus),
      queryClient.fetchQuery(asksOverlays),
    ]);
  } catch {
    // Whoever shows it asks again, and tells what failed.
  }
}

const asksWorkspaces = queryOptions({
  queryKey: ["workspaces"],
  queryFn: ({ signal }) => get("/workspace/list", undefined, { signal }),
});
const asksStatus = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => get("/workspace/status", {}, { signal }),
});
const asksTables = queryOptions({
  queryKey: ["tables"],
  queryFn: ({ signal }) => get("/tables/list", {}, { signal }),
});
const asksOverlays = queryOptions({
  queryKey: ["overlays"],
  queryFn: ({ signal }) => get("/overlays/list", {}, { signal }),
});

export function useWorkspaces() {
  return useQuery(asksWorkspaces);
}

export function useStatus() {
  return useQuery(asksStatus);
}

export function useTables() {
  return useQuery(asksTables);
}

export function useTable(id: string | null): Table | undefined {
  const tables = useTables();
  return useMemo(() => tables.data?.tables.find((table) => table.table_id === id), [tables.data, id]);
}

/** A record; with `at`, as it was right after that bundle. */
export function useRecord(id: string | null, table: string | null, at: string | null = null) {
  return useQuery({
    queryKey: ["record", id, table, at],
    enabled: id !== null,
    queryFn: ({ signal }) =>
      get(
        "/records/{id}",
        { ...(table === null ? {} : { table }), ...(at === null ? {} : { at }) },
        { signal, id: id ?? "" },
      ),
  });
}

/** What undo and redo would do next. */
export function useUndoStack() {
  const can = useCan("/undo");
  return useQuery({
    queryKey: ["undo"],
    enabled: can,
    queryFn: ({ signal }) => get("/undo", {}, { signal }),
  });
}

export function useEdges(entity: string) {
  return useQuery({
    queryKey: ["edges", entity],
    queryFn: async ({ signal }) => {
      const first = await get("/edges/list", { entity }, { signal });
      const edges = [...first.edges];
      let cursor = first.next_cursor;
      while (cursor) {
        const page = await get("/edges/list", { entity, cursor }, { signal });
        edges.push(...page.edges);
        cursor = page.next_cursor;
      }
      return { edges };
    },
  });
}

export function useConflicts() {
  return useQuery({
    queryKey: ["conflicts"],
    queryFn: ({ signal }) => get("/conflicts/list", {}, { signal }),
  });
}

export function useOverlays() {
  return useQuery(asksOverlays);
}

export function useOverlayDiff(overlay_id: string | null) {
  return useQuery({
    queryKey: ["overlay", overlay_id],
    enabled: overlay_id !== null,
    // A draft ends while its review is open: what is no more is not asked for.
    queryFn: async ({ signal }) => {
      const { overlays } = await get("/overlays/list", {}, { signal });
      if (!overlays.some((overlay) => overlay.overlay_id === overlay_id)) return null;
      return get("/overlays/diff", { overlay_id: overlay_id ?? "" }, { signal });
    },
  });
}

export function usePeers() {
  return useQuery({
    queryKey: ["peers"],
    queryFn: ({ signal }) => get("/peers/list", {}, { signal }),
    refetchInterval: 5_000,
  });
}

/** The paths that this engine has: what it lacks is not offered. */
export function useCan(path: string): boolean {
  const paths = useQuery({
    queryKey: ["paths"],
    queryFn: async ({ signal }) => {
      const document = (await getJson("/openapi.json", signal)) as { paths?: Record<string, unknown> };
      return Object.keys(document.paths ?? {});
    },
    gcTime: Number.POSITIVE_INFINITY,
  });
  return paths.data?.includes(path) ?? false;
}

/** Who is who: names of actors, as far as peers told them; our own is “You”. */
export function useActorName(): (actor: string) => string {
  const status = useStatus();
  const peers = usePeers();
  return useMemo(() => {
    const own = status.data?.actor_id;
    const names = new Map(peers.data?.peers.map((peer) => [peer.peer_id, peer.name]));
    return (actor: string) => {
      if (actor === own) return "You";
      const name = names.get(actor);
      return name ? name : `Device ${actor.slice(0, 6)}`;
    };
  }, [status.data?.actor_id, peers.data]);
}
