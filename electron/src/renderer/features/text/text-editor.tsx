/**
 * A text that several people edit at once: CodeMirror on a throwaway Yjs document.
 *
 * The document lives as long as the editor. The engine gives the state and the client id to write under; what is typed
 * goes back in batches, one after the other, each following on the last. What others write is fetched when the engine
 * tells of it. The editor stands in a shadow root, since the page's policy forbids styles that scripts add to it.
 */
import { defaultKeymap } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import * as Y from "yjs";
import { get, post } from "../../shared/api/client";
import type { Event as EngineEvent } from "../../shared/api/schema";
import { onEngineEvent } from "../../shared/api/socket";
import { Failed, Loading } from "../../shared/ui/states";
import { toastProblem } from "../../shared/ui/toasts";

type Props = { entity: string; table: string; field: string };
type Saving = "saved" | "saving" | "failed";

/** Typing is gathered this long before it is sent: short enough that others see words, not sentences. */
const BATCH_MS = 300;

const FROM_ENGINE = "engine";

export function TextEditor({ entity, table, field }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<
    { kind: "loading" } | { kind: "ready" } | { kind: "failed"; error: unknown }
  >({
    kind: "loading",
  });
  const [saving, setSaving] = useState<Saving>("saved");
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    void attempt;
    const element = host.current;
    if (!element) return;
    const at = { entity_id: entity, table, field };
    let closed = false;
    let close = () => {};
    setState({ kind: "loading" });
    get("/text", at)
      .then((view) => {
        if (closed) return;
        const document = new Y.Doc();
        document.clientID = view.client_id;
        Y.applyUpdate(document, fromBase64(view.state), FROM_ENGINE);
        const text = document.getText(view.root);
        const sender = new Sender(
          (delta) => post("/text/update", { ...at, delta, session: view.session }),
          setSaving,
        );
        document.on("update", (update: Uint8Array, origin: unknown) => {
          if (origin !== FROM_ENGINE) sender.add(update);
        });
        const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
        const editor = new EditorView({
          parent: root,
          root,
          state: EditorState.create({
            doc: text.toString(),
            extensions: [
              drawSelection(),
              keymap.of([...defaultKeymap, ...yUndoManagerKeymap]),
              EditorView.lineWrapping,
              EditorView.contentAttributes.of({ "aria-label": field, spellcheck: "true" }),
              placeholder("Write…"),
              yCollab(text, null),
              look,
            ],
          }),
        });
        const stop = onEngineEvent((event) => {
          if (!concerns(event, entity)) return;
          get("/text", at)
            .then((fresh) => Y.applyUpdate(document, fromBase64(fresh.state), FROM_ENGINE))
            .catch(() => {
              // The next event, or the reconnect, fetches it again.
            });
        });
        setState({ kind: "ready" });
        close = () => {
          stop();
          void sender.flush();
          editor.destroy();
          document.destroy();
        };
      })
      .catch((error) => !closed && setState({ kind: "failed", error }));
    return () => {
      closed = true;
      close();
    };
  }, [entity, table, field, attempt]);

  return (
    <div className="text-editor">
      {state.kind === "loading" && <Loading what="the text" />}
      {state.kind === "failed" && (
        <Failed error={state.error} retry={() => setAttempt((before) => before + 1)} />
      )}
      <div ref={host} className="text-host" hidden={state.kind !== "ready"} data-field={field} />
      <span className="text-state" role="status">
        {saving === "saving" ? "Saving…" : saving === "failed" ? "Not saved" : ""}
      </span>
    </div>
  );
}

/** Sends batches one after the other; what comes meanwhile is merged into the next. */
class Sender {
  private waiting: Uint8Array[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;

  constructor(
    private readonly send: (delta: string) => Promise<unknown>,
    private readonly tell: (saving: Saving) => void,
  ) {}

  add(update: Uint8Array): void {
    this.waiting.push(update);
    this.tell("saving");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), BATCH_MS);
  }

  async flush(): Promise<void> {
    clearTimeout(this.timer);
    if (this.busy || this.waiting.length === 0) return;
    this.busy = true;
    const batch = Y.mergeUpdates(this.waiting);
    this.waiting = [];
    try {
      await this.send(toBase64(batch));
      this.busy = false;
      if (this.waiting.length > 0) await this.flush();
      else this.tell("saved");
    } catch (error) {
      // Kept, and sent again with what follows.
      this.waiting.unshift(batch);
      this.busy = false;
      this.tell("failed");
      toastProblem(error, () => void this.flush());
    }
  }
}

function concerns(event: EngineEvent, entity: string): boolean {
  if (event.type === "resync" || event.type === "overlays_changed") return true;
  return event.type === "records_changed" && (event.entity_ids == null || event.entity_ids.includes(entity));
}

const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "transparent", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { fontFamily: "inherit", lineHeight: "1.55", padding: "8px 0", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 10px" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  ".cm-scroller": { fontFamily: "inherit", maxHeight: "320px", overflow: "auto" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selected)",
  },
  ".cm-placeholder": { color: "var(--quiet)" },
});

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
