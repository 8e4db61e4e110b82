import { expect, it } from "vitest";
import { portOf, readReadiness } from "./readiness";

const TOKEN = "0123456789abcdef".repeat(4);
const line = (changes: object) =>
  JSON.stringify({ ready: true, url: "http://127.0.0.1:4000", token: TOKEN, sync_port: 1, ...changes });

it("reads where the engine answers and the token", () => {
  expect(readReadiness(line({}))).toEqual({ url: "http://127.0.0.1:4000", token: TOKEN });
});

it.each([
  ["", "an empty line"],
  ["OpenProd is running.", "words"],
  ["null", "null"],
  ["[]", "a list"],
  ['"ready"', "a string"],
  [line({ ready: false }), "not ready"],
  [line({ ready: "true" }), "ready in words"],
  [line({ url: "http://192.168.1.20:4000" }), "another computer"],
  [line({ url: "http://127.0.0.1:4000/path" }), "a path"],
  [line({ url: "http://127.0.0.1:4000@elsewhere.example" }), "another host behind a name"],
  [line({ url: "https://127.0.0.1:4000" }), "another scheme"],
  [line({ url: "http://127.0.0.1:70000" }), "no port"],
  [line({ url: 4000 }), "a number"],
  [line({ token: "short" }), "a short token"],
  [line({ token: `${TOKEN}\r\nX: y` }), "a token with a header in it"],
  [line({ token: null }), "no token"],
])("refuses %s (%s)", (text) => {
  expect(readReadiness(text)).toBeNull();
});

it("knows the port of an address, and of nothing else", () => {
  expect(portOf("http://127.0.0.1:4000")).toBe(4000);
  expect(portOf("http://127.0.0.1:0")).toBe(0);
  expect(portOf("http://elsewhere.example:4000")).toBe(0);
});
