/**
 * A text that several people edit at once: CodeMirror on a throwaway Yjs document, which lives as long as the editor.
 *
 * The editor stands in a shadow root, since the page's policy forbids styles that scripts add to it.
 */
import { defaultKeymap } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { Failed, Loading } from "../../shared/ui/states";
import { type Saving, SharedDocument } from "./shared-document";

type Props = { entity: string; table: string; field: string };

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
    let closed = false;
    let close = () => {};
    setState({ kind: "loading" });
    SharedDocument.open(
      { entity_id: entity, table, field },
      { saving: setSaving, stale: () => !closed && setAttempt((before) => before + 1) },
    )
      .then((shared) => {
        if (closed) return shared.close();
        const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
        const editor = new EditorView({
          parent: root,
          root,
          state: EditorState.create({
            doc: shared.text.toString(),
            extensions: [
              drawSelection(),
              keymap.of([...defaultKeymap, ...yUndoManagerKeymap]),
              EditorView.lineWrapping,
              EditorView.contentAttributes.of({ "aria-label": field, spellcheck: "true" }),
              placeholder("Write…"),
              yCollab(shared.text, null),
              look,
            ],
          }),
        });
        setState({ kind: "ready" });
        close = () => {
          editor.destroy();
          shared.close();
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
