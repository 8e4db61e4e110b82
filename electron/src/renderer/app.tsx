/** Decides what this page is about: signing in, beginning, or a workspace. */
import { QueryClientProvider, type QueryKey } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { forgetLabels } from "./features/records/labels";
import { Locked, Offline } from "./features/session/locked";
import { renewSession, type Session } from "./features/session/session";
import { Shell } from "./features/shell/shell";
import { useTheme } from "./features/shell/theme";
import { Welcome } from "./features/welcome/welcome";
import { chooseWorkspace, currentWorkspace, keepToken, whenUnauthorized } from "./shared/api/client";
import { queryClient, useStatus, useWorkspaces } from "./shared/api/queries";
import { onEngineEvent, openSocket, retrySocket } from "./shared/api/socket";
import { staleKeys } from "./shared/api/stale";
import { useRoute } from "./shared/route";
import { Boundary } from "./shared/ui/boundary";
import { Failed, Loading } from "./shared/ui/states";
import { Toasts } from "./shared/ui/toasts";

/** Answers that take the engine long, and change with every write: asked again at most so often. */
const SLOW = new Set(["tables", "status", "history", "overlays", "overlay", "undo"]);
const SLOW_MS = 400;
const waiting = new Map<string, QueryKey>();

function askAgain(queryKey: QueryKey): void {
  if (!SLOW.has(String(queryKey[0]))) {
    void queryClient.invalidateQueries({ queryKey });
    return;
  }
  if (waiting.size === 0) {
    setTimeout(() => {
      const keys = [...waiting.values()];
      waiting.clear();
      for (const key of keys) void queryClient.invalidateQueries({ queryKey: key });
    }, SLOW_MS);
  }
  waiting.set(JSON.stringify(queryKey), queryKey);
}

export function App({ session }: { session: Session }) {
  const [locked, setLocked] = useState(session === "locked");
  useTheme();
  useEffect(() => {
    const lock = async () => {
      if (await renewSession()) {
        // The first event on the new connection has everything asked again.
        retrySocket();
        return;
      }
      keepToken(null);
      setLocked(true);
    };
    whenUnauthorized(() => void lock());
    if (session !== "open") return;
    const stop = onEngineEvent((event) => {
      forgetLabels(event);
      const stale = staleKeys(event);
      if (stale === "all") void queryClient.invalidateQueries();
      else for (const queryKey of stale) askAgain(queryKey);
    });
    const close = openSocket(() => void lock());
    return () => {
      stop();
      close();
    };
  }, [session]);
  return (
    <QueryClientProvider client={queryClient}>
      <Boundary>{session === "offline" ? <Offline /> : locked ? <Locked /> : <Inside />}</Boundary>
      <Toasts />
    </QueryClientProvider>
  );
}

function Inside() {
  const workspaces = useWorkspaces();
  const route = useRoute();
  if (workspaces.isPending) return <Loading what="workspaces" />;
  if (workspaces.isError) return <Failed error={workspaces.error} retry={() => void workspaces.refetch()} />;
  const list = workspaces.data.workspaces;
  const first = list[0];
  if (route.screen === "start" || !first) return <Welcome />;
  if (!list.some((workspace) => workspace.workspace_id === currentWorkspace()))
    chooseWorkspace(first.workspace_id);
  return (
    <>
      <Title />
      <Shell key={currentWorkspace()} />
    </>
  );
}

function Title() {
  const name = useStatus().data?.name;
  return <title>{name ? `${name} · OpenProd` : "OpenProd"}</title>;
}
