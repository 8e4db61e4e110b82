/** The saved views of a table: choose one, save what is seen under a name, bring one up to date, rename, delete. */
import { Bookmark, ChevronDown, GitCompareArrows, Pencil, Plus, RotateCcw, Save, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useConflicts } from "../../shared/api/queries";
import type { FieldView, SavedView } from "../../shared/api/schema";
import { go } from "../../shared/route";
import { Dialog } from "../../shared/ui/dialog";
import { Menu, MenuHeading, MenuItem, MenuRule } from "../../shared/ui/menu";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import type { View } from "../grid/view";
import { chosen, isTouched, useFollowed } from "./chosen";
import { createView, deleteView, restoreView, updateView, useSavedViews } from "./queries";
import { readSettings, settingsWords, writeSettings } from "./settings";

type Props = {
  table: string;
  fields: readonly FieldView[];
  view: View;
  change: (change: Partial<View>) => void;
};

export function ViewMenu({ table, fields, view, change }: Props) {
  const views = useSavedViews(table);
  const conflicts = useConflicts().data?.conflicts ?? [];
  const [naming, setNaming] = useState<"new" | "rename" | null>(null);
  const here = views.find((one) => one.view_id === view.saved) ?? null;
  const touched = isTouched(view, here, fields);
  const readable = here === null || readSettings(here.settings, fields) !== null;
  const contended = here !== null && conflicts.some((conflict) => conflict.entity_id === here.view_id);
  useFollowed(view, change, here, fields);
  const show = (saved: SavedView | null) => change(chosen(saved, fields));
  const save = async (name: string) => {
    const settings = writeSettings(view, fields);
    try {
      change({ saved: await createView({ table, name, settings }), savedAs: settings });
    } catch (error) {
      toastProblem(error);
    }
  };
  const saveChanges = async () => {
    if (!here) return;
    const settings = writeSettings(view, fields, here.settings);
    try {
      await updateView(here.view_id, { settings });
      change({ savedAs: settings });
    } catch (error) {
      toastProblem(error);
    }
  };
  const rename = (name: string) => {
    if (here && name !== here.name) updateView(here.view_id, { name }).catch(toastProblem);
  };
  const remove = async () => {
    if (!here) return;
    try {
      await deleteView(here.view_id);
      show(null);
      toastDone(`Deleted the view “${here.name}” for everybody`, {
        label: "Undelete",
        run: () => void restoreView(here.view_id).then(() => show(here), toastProblem),
      });
    } catch (error) {
      toastProblem(error);
    }
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
        <MenuHeading>Views, shared with the team</MenuHeading>
        <MenuItem chosen={!here} onChoose={() => show(null)}>
          All records
        </MenuItem>
        {views.map((one) => (
          <MenuItem
            key={one.view_id}
            chosen={one.view_id === here?.view_id}
            title={settingsWords(one.settings, fields)}
            onChoose={() => show(one)}
          >
            {one.name}
          </MenuItem>
        ))}
        <MenuRule />
        {contended && (
          <MenuItem icon={<GitCompareArrows size={14} />} onChoose={() => go({ screen: "conflicts" })}>
            Changed in two places: decide
          </MenuItem>
        )}
        {!readable && (
          <p className="menu-note">A newer version of OpenProd made this view. Here it shows all records.</p>
        )}
        {here && touched && readable && (
          <>
            <MenuItem icon={<Save size={14} />} onChoose={() => void saveChanges()}>
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
            <MenuItem icon={<Trash2 size={14} />} danger onChoose={() => void remove()}>
              Delete view
            </MenuItem>
          </>
        )}
      </Menu>
      {naming && (
        <NameView
          name={naming === "rename" ? (here?.name ?? "") : ""}
          onName={naming === "rename" ? rename : (name) => void save(name)}
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
      about="Columns, filter, sorting and grouping as you see them now. Everybody in the workspace gets it."
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
