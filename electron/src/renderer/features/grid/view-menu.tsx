/** The saved views of a table: choose one, keep what is seen under a name, bring one up to date, rename, delete. */
import { Bookmark, ChevronDown, Pencil, Plus, RotateCcw, Save, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Dialog } from "../../shared/ui/dialog";
import { Menu, MenuHeading, MenuItem, MenuRule } from "../../shared/ui/menu";
import { toastDone } from "../../shared/ui/toasts";
import { isAsSaved, PLAIN_VIEW, type SavedView, useSavedViews, type View } from "./view";

type Props = { workspace: string; table: string; view: View; change: (change: Partial<View>) => void };

export function ViewMenu({ workspace, table, view, change }: Props) {
  const [views, keepViews] = useSavedViews(workspace, table);
  const [naming, setNaming] = useState<"new" | "rename" | null>(null);
  const here = views.find((one) => one.id === view.saved);
  const touched = here ? !isAsSaved(view, here) : !isAsSaved(view, { id: "", name: "", view: PLAIN_VIEW });
  const show = (saved: SavedView | null) =>
    change(saved ? { ...PLAIN_VIEW, ...saved.view, saved: saved.id } : PLAIN_VIEW);
  const save = (name: string) => {
    const made = { id: crypto.randomUUID(), name, view };
    keepViews([...views, made]);
    change({ saved: made.id });
  };
  const replace = (part: Partial<SavedView>) =>
    keepViews(views.map((one) => (one.id === here?.id ? { ...one, ...part } : one)));
  const remove = () => {
    if (!here) return;
    const before = views;
    keepViews(views.filter((one) => one.id !== here.id));
    show(null);
    toastDone(`Deleted the view “${here.name}”`, { label: "Undo", run: () => keepViews(before) });
  };
  return (
    <>
      <Menu
        button={
          <button type="button" className="button quiet-button view-button" data-on={here ? true : undefined}>
            <Bookmark size={14} />
            <span className="view-name">{here?.name ?? "All records"}</span>
            {touched && <span className="view-touched" role="img" aria-label="changed" title="Changed" />}
            <ChevronDown size={12} />
          </button>
        }
      >
        <MenuHeading>Views in this browser</MenuHeading>
        <MenuItem chosen={!here} onChoose={() => show(null)}>
          All records
        </MenuItem>
        {views.map((one) => (
          <MenuItem key={one.id} chosen={one.id === here?.id} onChoose={() => show(one)}>
            {one.name}
          </MenuItem>
        ))}
        <MenuRule />
        {here && touched && (
          <>
            <MenuItem icon={<Save size={14} />} onChoose={() => replace({ view })}>
              Save changes to “{here.name}”
            </MenuItem>
            <MenuItem icon={<RotateCcw size={14} />} onChoose={() => show(here)}>
              Back to how it was saved
            </MenuItem>
          </>
        )}
        {!here && touched && (
          <MenuItem icon={<RotateCcw size={14} />} onChoose={() => show(null)}>
            Back to all records, plainly
          </MenuItem>
        )}
        <MenuItem icon={<Plus size={14} />} onChoose={() => setNaming("new")}>
          Save as a new view…
        </MenuItem>
        {here && (
          <>
            <MenuItem icon={<Pencil size={14} />} onChoose={() => setNaming("rename")}>
              Rename…
            </MenuItem>
            <MenuItem icon={<Trash2 size={14} />} danger onChoose={remove}>
              Delete view
            </MenuItem>
          </>
        )}
      </Menu>
      {naming && (
        <NameView
          name={naming === "rename" ? (here?.name ?? "") : ""}
          onName={naming === "rename" ? (name) => replace({ name }) : save}
          onClose={() => setNaming(null)}
        />
      )}
    </>
  );
}

function NameView(props: { name: string; onName: (name: string) => void; onClose: () => void }) {
  const [name, setName] = useState(props.name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onName(name.trim());
    props.onClose();
  };
  return (
    <Dialog
      open
      onClose={props.onClose}
      title={props.name === "" ? "Save this view" : `Rename “${props.name}”`}
      about="Columns, filter, sorting and grouping as you see them now."
    >
      <form className="form" onSubmit={submit}>
        <label>
          Name
          <input
            className="input"
            required
            pattern=".*\S.*"
            maxLength={60}
            placeholder="LX cues to check"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <footer className="dialog-acts">
          <button type="button" className="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" className="button accent">
            Save
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
