/** What the engine and the program say, kept in a file of bounded size. */
import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Past this a file becomes the old one, and a new one is begun. */
const BYTES_MAX = 4 * 1024 * 1024;
const LINE_LENGTH_MAX = 4_000;
/** How many lines are remembered, for a person who asks why the engine ended. */
const RECENT_MAX = 12;

/** Tokens and one-time codes are written by nobody, and are taken out should one come by. */
const SECRETS = /\b[0-9a-f]{64}\b/g;

export class LogFile {
  private bytes = 0;
  private readonly recent: string[] = [];

  constructor(readonly path: string) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.bytes = statSync(path).size;
    } catch {
      // There is none yet.
    }
  }

  /** Adds a line. A disk that is full must not keep anyone from working: then only the memory has it. */
  write(line: string): void {
    const text = line.replace(SECRETS, "(hidden)").slice(0, LINE_LENGTH_MAX);
    this.recent.push(text);
    if (this.recent.length > RECENT_MAX) this.recent.shift();
    const entry = `${new Date().toISOString()} ${text}\n`;
    try {
      if (this.bytes > BYTES_MAX) {
        renameSync(this.path, `${this.path}.old`);
        this.bytes = 0;
      }
      appendFileSync(this.path, entry, { mode: 0o600 });
      this.bytes += Buffer.byteLength(entry);
    } catch {
      // See above.
    }
  }

  /** The last lines, oldest first. */
  tail(): string[] {
    return [...this.recent];
  }
}
