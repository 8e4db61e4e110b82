import { expect, it } from "vitest";
import { factLines, factWords, readDecisions } from "./decision";

const fact = (op_id: string) => ({
  op_id,
  event_type: "booking.person_booked",
  payload: { person: "Masur", at: "2026-10-20T20:00" },
  actor_id: "b",
  at: "2026-11-21T10:00:00Z",
});

it("reads a decision with what it had not seen", () => {
  const [decision] = readDecisions({
    conflicts: [
      {
        decision_id: "d",
        command_type: "booking.book",
        actor_id: "a",
        at: "2026-11-21T10:01:00Z",
        mutual: true,
        status: "open",
        own: [fact("o")],
        unseen: [fact("u")],
      },
    ],
  });
  expect(decision).toMatchObject({ id: "d", command: "booking.book", actor: "a", mutual: true });
  expect(decision?.unseen.map((one) => one.id)).toEqual(["u"]);
  expect(decision?.own[0]?.payload).toEqual({ person: "Masur", at: "2026-10-20T20:00" });
});

it("leaves out what it cannot read", () => {
  expect(readDecisions(null)).toEqual([]);
  expect(readDecisions({ conflicts: "none" })).toEqual([]);
  expect(readDecisions({ conflicts: [null, 7, { status: "open" }] })).toEqual([]);
  expect(readDecisions({ conflicts: [{ decision_id: "d", unseen: [1] }] })[0]?.unseen).toEqual([]);
});

it("tells types and payloads in words", () => {
  expect(factWords("booking.person_booked")).toBe("person booked");
  expect(factWords("PersonBooked")).toBe("person booked");
  expect(factLines({ call_time: "20:00", crew: ["A"] })).toEqual([
    ["call time", "20:00"],
    ["crew", '["A"]'],
  ]);
});
