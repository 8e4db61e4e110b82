/** Where in the app we are: kept in the address, so that Back works and a reload stays. */
import { useSyncExternalStore } from "react";

export type Route =
  | { screen: "home" }
  /** `at` names a bundle: the table is shown as it was right after it. */
  | { screen: "table"; table: string; record: string | null; at?: string | null }
  | { screen: "conflicts" }
  | { screen: "draft"; overlay: string }
  | { screen: "history" }
  /** `record`: of this record alone. */
  | { screen: "audit"; record: string | null }
  | { screen: "peers" }
  | { screen: "doctor" }
  | { screen: "decisions" }
  | { screen: "start" };

export function parseRoute(hash: string): Route {
  const [screen, first, second, third] = hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  switch (screen) {
    case "table":
      return first
        ? { screen, table: first, record: second && second !== "-" ? second : null, at: third || null }
        : { screen: "home" };
    case "draft":
      return first ? { screen, overlay: first } : { screen: "home" };
    case "audit":
      return { screen, record: first || null };
    case "conflicts":
    case "history":
    case "peers":
    case "doctor":
    case "decisions":
    case "start":
      return { screen };
    default:
      return { screen: "home" };
  }
}

export function formatRoute(route: Route): string {
  switch (route.screen) {
    case "table":
      return route.at
        ? `#/table/${route.table}/${route.record ?? "-"}/${route.at}`
        : `#/table/${route.table}${route.record ? `/${route.record}` : ""}`;
    case "draft":
      return `#/draft/${route.overlay}`;
    case "audit":
      return route.record ? `#/audit/${route.record}` : "#/audit";
    case "home":
      return "#/";
    default:
      return `#/${route.screen}`;
  }
}

export function go(route: Route, options: { replace?: boolean } = {}): void {
  const hash = formatRoute(route);
  if (location.hash === hash) return;
  if (options.replace) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  for (const listener of listeners) listener();
}

const listeners = new Set<() => void>();
let seen = "";
let route: Route = { screen: "home" };

function snapshot(): Route {
  if (location.hash !== seen) {
    seen = location.hash;
    route = parseRoute(seen);
  }
  return route;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener("hashchange", listener);
  addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("hashchange", listener);
    removeEventListener("popstate", listener);
  };
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, snapshot);
}
