/** Where in the app we are: kept in the address, so that Back works and a reload stays. */
import { useSyncExternalStore } from "react";

export type Route =
  | { screen: "home" }
  | { screen: "table"; table: string; record: string | null }
  | { screen: "conflicts" }
  | { screen: "draft"; overlay: string }
  | { screen: "history" }
  | { screen: "peers" }
  | { screen: "start" };

export function parseRoute(hash: string): Route {
  const [screen, first, second] = hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  switch (screen) {
    case "table":
      return first ? { screen, table: first, record: second || null } : { screen: "home" };
    case "draft":
      return first ? { screen, overlay: first } : { screen: "home" };
    case "conflicts":
    case "history":
    case "peers":
    case "start":
      return { screen };
    default:
      return { screen: "home" };
  }
}

export function formatRoute(route: Route): string {
  switch (route.screen) {
    case "table":
      return `#/table/${route.table}${route.record ? `/${route.record}` : ""}`;
    case "draft":
      return `#/draft/${route.overlay}`;
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
