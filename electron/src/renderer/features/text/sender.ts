/** Sends what is written in batches, one after the other; what comes meanwhile is merged into the next. */
import * as Y from "yjs";

/** Writing is gathered this long before it is sent: short enough that others see words, not sentences. */
const BATCH_MS = 300;

/** So long at most: who writes without a pause is read all the same. */
const BATCH_MS_MAX = 1_500;

/** `last`: the page is going away, and waits for no answer. */
export type Send = (delta: string, last: boolean) => Promise<unknown>;

export class Sender {
  private waiting: Uint8Array[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;
  private since = 0;

  constructor(
    private readonly send: Send,
    private readonly tell: (saving: "saved" | "saving" | "failed") => void,
    private readonly refused: (error: unknown, retry: () => void) => void,
  ) {}

  /** Whether the engine has all that was written. */
  get idle(): boolean {
    return !this.busy && this.waiting.length === 0;
  }

  add(update: Uint8Array): void {
    const now = performance.now();
    if (this.waiting.length === 0) this.since = now;
    this.waiting.push(update);
    this.tell("saving");
    clearTimeout(this.timer);
    const left = Math.max(0, this.since + BATCH_MS_MAX - now);
    this.timer = setTimeout(() => void this.flush(), Math.min(BATCH_MS, left));
  }

  async flush(last = false): Promise<void> {
    clearTimeout(this.timer);
    if (this.busy || this.waiting.length === 0) return;
    this.busy = true;
    const batch = Y.mergeUpdates(this.waiting);
    this.waiting = [];
    try {
      await this.send(toBase64(batch), last);
      this.busy = false;
      if (this.waiting.length > 0) await this.flush();
      else this.tell("saved");
    } catch (error) {
      // Kept, and sent again with what follows.
      this.waiting.unshift(batch);
      this.busy = false;
      this.tell("failed");
      this.refused(error, () => void this.flush());
    }
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
