/** Where the engine's program lies. */
import { join } from "node:path";

type Places = {
  isPackaged: boolean;
  /** Where a packaged program keeps what is not code. */
  resources: string;
  /** The directory of `package.json`. */
  app: string;
  /** `OPENPROD_BIN`, which only counts while developing. */
  given: string | undefined;
  platform: string;
};

export function engineProgram(places: Places): string {
  const name = places.platform === "win32" ? "openprod.exe" : "openprod";
  if (places.isPackaged) return join(places.resources, "engine", name);
  return places.given ?? join(places.app, "..", "target", "release", name);
}
