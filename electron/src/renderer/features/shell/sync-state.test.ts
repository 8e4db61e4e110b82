import { expect, it } from "vitest";
import { tellSync } from "./sync-state";

const sync = (state: string, change = {}) => ({
  state,
  peers: 0,
  behind: 0,
  held: [],
  reason: null,
  ...change,
});

it("never claims that others have it before one was met", () => {
  for (const state of ["alone", "looking", "paused", "something new"]) {
    const told = tellSync(sync(state), "open");
    expect(`${told.words} ${told.about}`).not.toMatch(/sync|they have/i);
    expect(told.kind).not.toBe("live");
  }
});

it("says with how many it is live and how much is to come", () => {
  expect(tellSync(sync("live", { peers: 2 }), "open").words).toBe("Live with 2");
  expect(tellSync(sync("catching_up", { behind: 1042 }), "open").words).toBe("Catching up 1,042");
});

it("tells a problem and its reason, and that the engine is away, first", () => {
  expect(tellSync(sync("problem", { reason: "port taken" }), "open").about).toBe("port taken");
  expect(tellSync(sync("live", { peers: 2 }), "lost").kind).toBe("problem");
  expect(tellSync(sync("live", { held: [{}] }), "open").kind).toBe("problem");
});
