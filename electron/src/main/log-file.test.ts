import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LogFile } from "./log-file";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "openprod-log-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it("adds dated lines in a directory that it makes", () => {
  const path = join(directory, "logs", "engine.log");
  new LogFile(path).write("first");
  new LogFile(path).write("second");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT.*Z first$/);
});

it("keeps no secret", () => {
  const path = join(directory, "engine.log");
  const log = new LogFile(path);
  log.write(`token ${"ab".repeat(32)} told`);
  expect(readFileSync(path, "utf8")).toContain("token (hidden) told");
  expect(log.tail()).toEqual(["token (hidden) told"]);
});

it("begins a new file when one is large", () => {
  const path = join(directory, "engine.log");
  writeFileSync(path, "x".repeat(5 * 1024 * 1024));
  new LogFile(path).write("after");
  expect(existsSync(`${path}.old`)).toBe(true);
  expect(readFileSync(path, "utf8")).toMatch(/ after\n$/);
});

it("remembers the last lines, also where nothing can be written", () => {
  const path = join(directory, "engine.log");
  writeFileSync(path, "");
  const log = new LogFile(join(path, "not-a-directory"));
  for (let line = 0; line < 20; line++) log.write(`line ${line}`);
  expect(log.tail()).toHaveLength(12);
  expect(log.tail().at(-1)).toBe("line 19");
});
