import { expect, it } from "vitest";
import { readCheckup } from "./checkup";

const check = { id: "multicast", title: "Multicast comes back", status: "ok", detail: "on eth0", advice: "" };

it("is as well as its worst finding", () => {
  expect(readCheckup({ checks: [check], peers: [] }).status).toBe("ok");
  expect(readCheckup({ checks: [check, { ...check, status: "warn" }] }).status).toBe("warn");
  expect(
    readCheckup({ checks: [check], peers: [{ name: "Booth", reason: { status: "fail" } }] }).status,
  ).toBe("fail");
});

it("takes a verdict that it does not know as a warning, and leaves out what says nothing", () => {
  const { checks } = readCheckup({ checks: [{ ...check, status: "peculiar" }, { status: "ok" }, "x", null] });
  expect(checks.map((one) => one.status)).toEqual(["warn"]);
});

it("reads nothing from nothing", () => {
  for (const answer of [null, 7, [], {}, { checks: "none", peers: {} }]) {
    expect(readCheckup(answer)).toEqual({ status: "ok", checks: [], peers: [] });
  }
});

it("tells why a peer is not connected, and that another is", () => {
  const reason = {
    ...check,
    status: "fail",
    title: "Booth: the device is there, but OpenProd is not running",
    detail: "It was last connected at 192.168.20.31:7420.",
    advice: "Start it.",
  };
  expect(
    readCheckup({
      checks: [],
      peers: [
        { name: "Booth", reason },
        { name: "Flys", reason: null },
      ],
    }).peers,
  ).toEqual([
    {
      name: "Booth",
      status: "fail",
      detail:
        "The device is there, but OpenProd is not running. It was last connected at 192.168.20.31:7420.",
      advice: "Start it.",
    },
    { name: "Flys", status: "ok", detail: "Connected.", advice: "" },
  ]);
});
