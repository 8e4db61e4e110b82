/** The amber bar of the active draft, and the switcher between drafts. */
import { ChevronDown, FileDiff, Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { post } from "../../shared/api/client";
import { useOverlays } from "../../shared/api/queries";
import type { OverlayView } from "../../shared/api/schema";
import { go } from "../../shared/route";
import { Dialog } from "../../shared/ui/dialog";
import { Menu, MenuHeading, MenuItem, MenuRule } from "../../shared/ui/menu";
import { toastDone, toastProblem } from "../../shared/ui/toasts";

const by = { source: "app: draft" };

export async function commitDraft(overlay: OverlayView): Promise<void> {
  if (overlay.drifts > 0) {
    toastDone(`Others changed what “${overlay.name}” changes: decide first whose stands, then commit`);
    go({ screen: "draft", overlay: overlay.overlay_id });
    return;
  }
  try {
    await post("/overlays/commit", { overlay_id: overlay.overlay_id, command: by });
    toastDone(`Committed “${overlay.name}”: ${changes(overlay.edits)} shared`);
  } catch (error) {
    toastProblem(error);
    go({ screen: "draft", overlay: overlay.overlay_id });
  }
}

export function changes(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "change" : "changes"}`;
}

export function DraftBar({ overlay }: { overlay: OverlayView }) {
  const [discarding, setDiscarding] = useState(false);
  const stash = () =>
    post("/overlays/stash", { overlay_id: overlay.overlay_id, command: by }).catch(toastProblem);
  return (
    <section className="draft-bar" aria-label="Active draft">
      <FileDiff size={15} aria-hidden="true" />
      <span className="draft-name">
        Draft <strong>{overlay.name}</strong>
      </span>
      <span>{changes(overlay.edits)}</span>
      {overlay.drifts > 0 && (
        <button
          type="button"
          className="tag tag-strong"
          onClick={() => go({ screen: "draft", overlay: overlay.overlay_id })}
        >
          {overlay.drifts} to decide
        </button>
      )}
      <span className="draft-hint">Only you see these until you commit.</span>
      <span className="space" />
      <button
        type="button"
        className="button"
        onClick={() => go({ screen: "draft", overlay: overlay.overlay_id })}
      >
        Review
      </button>
      <button
        type="button"
        className="button"
        disabled={overlay.edits === 0}
        title={overlay.drifts > 0 ? "Others changed the same: decide first whose stands" : undefined}
        onClick={() => void commitDraft(overlay)}
      >
        {overlay.drifts > 0 ? "Decide, then commit" : "Commit"} <kbd>Ctrl ↵</kbd>
      </button>
      <button type="button" className="button" onClick={() => void stash()}>
        Stash
      </button>
      <button type="button" className="button" onClick={() => setDiscarding(true)}>
        Discard
      </button>
      {discarding && <DiscardDraft overlay={overlay} onClose={() => setDiscarding(false)} />}
    </section>
  );
}

export function DiscardDraft({ overlay, onClose }: { overlay: OverlayView; onClose: () => void }) {
  const discard = async () => {
    try {
      await post("/overlays/discard", { overlay_id: overlay.overlay_id, command: by });
      toastDone(`Discarded “${overlay.name}”`);
      onClose();
      go({ screen: "home" });
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Discard “${overlay.name}”?`}
      about={`${changes(overlay.edits)} will be gone. Nobody else has seen them. To put them aside instead, stash the draft.`}
    >
      <footer className="dialog-acts">
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" className="button danger" onClick={() => void discard()}>
          Discard
        </button>
      </footer>
    </Dialog>
  );
}

export function DraftSwitcher() {
  const overlays = useOverlays().data?.overlays ?? [];
  const active = overlays.find((overlay) => overlay.active);
  const [making, setMaking] = useState(false);
  const activate = (overlay: OverlayView) =>
    post("/overlays/activate", { overlay_id: overlay.overlay_id, command: by }).catch(toastProblem);
  const leave = () =>
    active && post("/overlays/stash", { overlay_id: active.overlay_id, command: by }).catch(toastProblem);
  return (
    <>
      <Menu
        align="end"
        button={
          <button type="button" className="button quiet-button" data-draft={active ? true : undefined}>
            <FileDiff size={14} />
            <span className="wide-only">{active ? active.name : "Live"}</span>
            <ChevronDown size={12} />
          </button>
        }
      >
        <MenuHeading>What you see and change</MenuHeading>
        <MenuItem chosen={!active} onChoose={() => void leave()}>
          Live, shared with everybody
        </MenuItem>
        {overlays.map((overlay) => (
          <MenuItem
            key={overlay.overlay_id}
            chosen={overlay.active}
            icon={<FileDiff size={14} />}
            onChoose={() => void activate(overlay)}
          >
            {overlay.name} <span className="quiet">{changes(overlay.edits)}</span>
          </MenuItem>
        ))}
        <MenuRule />
        <MenuItem icon={<Plus size={14} />} onChoose={() => setMaking(true)}>
          New draft…
        </MenuItem>
      </Menu>
      {making && <CreateDraft onClose={() => setMaking(false)} />}
    </>
  );
}

export function CreateDraft({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await post("/overlays/create", { name: name.trim(), command: by });
      onClose();
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="New draft"
      about="Changes gather in the draft. Only you see them, until you commit them all at once."
    >
      <form className="form" onSubmit={submit}>
        <label>
          Name
          <input
            className="input"
            placeholder="Tech notes"
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <footer className="dialog-acts">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button accent">
            Start draft
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
