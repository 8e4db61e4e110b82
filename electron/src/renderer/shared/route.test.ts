import { expect, it } from "vitest";
import { formatRoute, parseRoute, type Route } from "./route";

it("reads back every address that it writes", () => {
  const routes: Route[] = [
    { screen: "home" },
    { screen: "table", table: "t", record: null, at: null },
    { screen: "table", table: "t", record: "r", at: null },
    { screen: "table", table: "t", record: null, at: "b" },
    { screen: "table", table: "t", record: "r", at: "b" },
    { screen: "draft", overlay: "o" },
    { screen: "conflicts" },
    { screen: "decisions" },
    { screen: "history" },
    { screen: "peers" },
    { screen: "doctor" },
    { screen: "start" },
  ];
  for (const route of routes) expect(parseRoute(formatRoute(route))).toEqual(route);
});

it("goes home from an address that it does not know", () => {
  expect(parseRoute("#/table")).toEqual({ screen: "home" });
  expect(parseRoute("#/nowhere/at/all")).toEqual({ screen: "home" });
});
