/**
 * A text or a list that several people edit at once: a throwaway Yjs document over the engine's.
 *
 * The engine gives the state and the client id to write under; what is written goes back in batches, one after the
 * other, each following on the last. What others write is fetched when the engine tells of it. The engine is right: a
 * document that holds what the engine does not, since a draft was left or thrown away, is `stale` and must be opened
 * anew.
 */
import * as Y from "yjs";
import { get, post } from "../../shared/api/client";
import type { Event as EngineEvent, TextView } from "../../shared/api/schema";
import { onEngineEvent } from "../../shared/api/socket";
import { toastProblem } from "../../shared/ui/toasts";
import { Sender } from "./sender";

export type At = { entity_id: string; table: string; field: string };
export type Saving = "saved" | "saving" | "failed";
export type Tell = { saving: (saving: Saving) => void; stale: () => void };

const FROM_ENGINE = "engine";

export class SharedDocument {
  readonly document = new Y.Doc();
  private readonly sender: Sender;
  private readonly stop: () => void;
  private closed = false;
  /** Counts what was written here, so that an answer asked for before is known to lack it. */
  private written = 0;
  private opened = false;
  private missed = false;
  /** Whether it held something else than the engine while something was on its way there. */
  private doubted = false;

  private constructor(
    private readonly at: At,
    private readonly tell: Tell,
  ) {
    this.sender = new Sender(
      (delta, last) => post("/text/update", { ...at, delta, session: this.session }, { keepalive: last }),
      (saving) => {
        tell.saving(saving);
        if (saving !== "saved" || !this.doubted) return;
        this.doubted = false;
        void this.refresh();
      },
      (error, retry) => toastProblem(error, retry),
    );
    // Before the state is asked for: what is written while the answer is on its way is told, too.
    this.stop = onEngineEvent((event) => concerns(event, at.entity_id) && void this.refresh());
    addEventListener("pagehide", this.leave);
  }

  private session = 0;
  private root = "";

  static async open(at: At, tell: Tell): Promise<SharedDocument> {
    const shared = new SharedDocument(at, tell);
    try {
      const view = await get("/text", at);
      shared.begin(view);
      return shared;
    } catch (error) {
      shared.close();
      throw error;
    }
  }

  get text(): Y.Text {
    return this.document.getText(this.root);
  }

  get list(): Y.Array<unknown> {
    return this.document.getArray(this.root);
  }

  /** Sends what is still to be sent, and lets go. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stop();
    removeEventListener("pagehide", this.leave);
    void this.sender.flush();
    this.document.destroy();
  }

  private begin(view: TextView): void {
    this.session = view.session;
    this.root = view.root;
    this.document.clientID = view.client_id;
    Y.applyUpdate(this.document, fromBase64(view.state), FROM_ENGINE);
    this.document.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === FROM_ENGINE) return;
      this.written++;
      this.sender.add(update);
    });
    this.opened = true;
    if (this.missed) void this.refresh();
  }

  private async refresh(): Promise<void> {
    if (!this.opened) {
      this.missed = true;
      return;
    }
    const { written } = this;
    const idle = this.sender.idle;
    try {
      const fresh = await get("/text", this.at);
      if (this.closed) return;
      Y.applyUpdate(this.document, fromBase64(fresh.state), FROM_ENGINE);
      if (this.says(fresh)) return;
      if (idle && written === this.written) this.tell.stale();
      // What was on its way may be all that differs: it is asked again once that has arrived.
      else if (this.sender.idle) void this.refresh();
      else this.doubted = true;
    } catch {
      // The next event, or the reconnect, fetches it again.
    }
  }

  /** Whether the document holds what the engine's does. */
  private says(view: TextView): boolean {
    if (typeof view.text === "string") return this.text.toString() === view.text;
    return JSON.stringify(this.list.toJSON()) === JSON.stringify(view.list ?? []);
  }

  private readonly leave = (): void => void this.sender.flush(true);
}

function concerns(event: EngineEvent, entity: string): boolean {
  if (event.type === "resync" || event.type === "overlays_changed") return true;
  return event.type === "records_changed" && (event.entity_ids == null || event.entity_ids.includes(entity));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
