import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { engineProgram } from "./engine-program";
import { keepPort, readPort } from "./port-file";

const places = {
  isPackaged: true,
  resources: "/r",
  app: "/a/electron",
  given: "/x/openprod",
  platform: "linux",
};

it("a packaged program runs the engine that it came with, whatever the environment says", () => {
  expect(engineProgram(places)).toBe(join("/r", "engine", "openprod"));
  expect(engineProgram({ ...places, platform: "win32" })).toBe(join("/r", "engine", "openprod.exe"));
});

it("a checkout runs the engine that it is told, else its own", () => {
  expect(engineProgram({ ...places, isPackaged: false })).toBe("/x/openprod");
  expect(engineProgram({ ...places, isPackaged: false, given: undefined })).toBe(
    join("/a", "target", "release", "openprod"),
  );
});

it("keeps the port, and takes any when the file is not what it wrote", () => {
  const directory = mkdtempSync(join(tmpdir(), "openprod-port-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "port");
  expect(readPort(path)).toBe(0);
  keepPort(path, 4000);
  expect(readPort(path)).toBe(4000);
  for (const text of ["", "x", "-1", "0.5", "70000", "4000 4001"]) {
    writeFileSync(path, text);
    expect(readPort(path)).toBe(0);
  }
  keepPort(join(directory, "no", "port"), 4000);
});
