import { expect, it } from "vitest";
import { commandWords, repetitionWords } from "./entry";

const name = (actor: string) => ({ a: "You", b: "Booth", c: "Stage" })[actor] ?? actor;
const first = { bundle_id: "1", actor_id: "a", repeats: null };
const again = { bundle_id: "2", actor_id: "b", repeats: "1" };
const third = { bundle_id: "3", actor_id: "c", repeats: "1" };
const other = { bundle_id: "4", actor_id: "b", repeats: null };
const all = [other, third, again, first];

it("names the other devices on which a command was given, and which of them counts", () => {
  expect(repetitionWords(first, all, name)).toBe("the same command, given on Stage and Booth too");
  expect(repetitionWords(again, all, name)).toBe(
    "the same command, given on Stage and You too: counts there",
  );
  expect(repetitionWords(other, all, name)).toBeNull();
});

it("tells a repetition whose first is on another page", () => {
  expect(repetitionWords(again, [again], name)).toBe("the same command, given elsewhere too: counts there");
});

it("tells a command in words", () => {
  expect(commandWords("field_mappings.confirm")).toBe("field mappings: confirm");
});
