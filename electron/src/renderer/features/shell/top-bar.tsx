/** The top: workspace, search, draft, undo, others, how it stands with them, looks. */

import {
  ChevronDown,
  CircleHelp,
  FolderOpen,
  Moon,
  Plus,
  Redo2,
  SearchIcon,
  Undo2,
  UserPlus,
} from "lucide-react";
import { useState, useSyncExternalStore } from "react";
import icon from "../../icon.svg";
import { currentWorkspace } from "../../shared/api/client";
import { useCan, usePeers, useStatus, useUndoStack, useWorkspaces } from "../../shared/api/queries";
import { currentLink, subscribeLink } from "../../shared/api/socket";
import { go } from "../../shared/route";
import { Menu, MenuHeading, MenuItem, MenuRule } from "../../shared/ui/menu";
import { DraftSwitcher } from "../drafts/draft-bar";
import { InviteDialog } from "../peers/invite-dialog";
import { enterWorkspace } from "../welcome/welcome";
import { tellSync } from "./sync-state";
import { THEMES, useTheme } from "./theme";

type Props = { onPalette: () => void; onHelp: () => void; onUndo: () => void; onRedo: () => void };

export function TopBar({ onPalette, onHelp, onUndo, onRedo }: Props) {
  const workspaces = useWorkspaces().data?.workspaces ?? [];
  const status = useStatus().data;
  const canUndo = useCan("/undo");
  const stack = useUndoStack().data;
  const [theme, setTheme] = useTheme();
  const [inviting, setInviting] = useState(false);
  return (
    <header className="top-bar">
      <Menu
        button={
          <button type="button" className="button quiet-button workspace-button">
            <img src={icon} alt="" width={20} height={20} />
            <strong>{status?.name ?? "OpenProd"}</strong>
            <ChevronDown size={12} />
          </button>
        }
      >
        <MenuHeading>Workspaces on this computer</MenuHeading>
        {workspaces.map((workspace) => (
          <MenuItem
            key={workspace.workspace_id}
            icon={<FolderOpen size={14} />}
            chosen={workspace.workspace_id === currentWorkspace()}
            onChoose={() => enterWorkspace(workspace.workspace_id)}
          >
            {workspace.name}
          </MenuItem>
        ))}
        <MenuRule />
        <MenuItem icon={<Plus size={14} />} onChoose={() => go({ screen: "start" })}>
          Create or join…
        </MenuItem>
        <MenuItem icon={<UserPlus size={14} />} onChoose={() => setInviting(true)}>
          Invite…
        </MenuItem>
      </Menu>
      <span className="space" />
      <button type="button" className="search-button" onClick={onPalette}>
        <SearchIcon size={14} aria-hidden="true" />
        <span>Go to anything</span>
        <kbd>Ctrl K</kbd>
      </button>
      <span className="space" />
      {canUndo && (
        <>
          <button
            type="button"
            className="icon-button"
            aria-label="Undo"
            title={stack?.undo ? `Undo: ${actWords(stack.undo.command_type)} (Ctrl Z)` : "Nothing to undo"}
            disabled={stack !== undefined && !stack.undo}
            onClick={onUndo}
          >
            <Undo2 size={16} />
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label="Redo"
            title={
              stack?.redo ? `Redo: ${actWords(stack.redo.command_type)} (Ctrl Shift Z)` : "Nothing to redo"
            }
            disabled={stack !== undefined && !stack.redo}
            onClick={onRedo}
          >
            <Redo2 size={16} />
          </button>
        </>
      )}
      <DraftSwitcher />
      <Presence />
      <SyncState />
      <Menu
        align="end"
        button={
          <button type="button" className="icon-button" aria-label="Looks" title="Looks">
            <Moon size={15} />
          </button>
        }
      >
        {THEMES.map(([value, words]) => (
          <MenuItem key={value} chosen={theme === value} onChoose={() => setTheme(value)}>
            {words}
          </MenuItem>
        ))}
      </Menu>
      <button type="button" className="icon-button" aria-label="Help" title="Help (?)" onClick={onHelp}>
        <CircleHelp size={16} />
      </button>
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </header>
  );
}

/** “records update” of `records.update`. */
function actWords(command: string): string {
  return command.replace(".", ", ").replaceAll("_", " ");
}

const FACES_MAX = 3;

function Presence() {
  const peers = usePeers().data?.peers.filter((peer) => peer.connected) ?? [];
  if (peers.length === 0) return null;
  const names = peers.map((peer) => peer.name || `Device ${peer.peer_id.slice(0, 6)}`);
  return (
    <button
      type="button"
      className="presence-faces"
      aria-label={`Connected: ${names.join(", ")}`}
      title={names.join(", ")}
      onClick={() => go({ screen: "peers" })}
    >
      {names.slice(0, FACES_MAX).map((name) => (
        <span key={name} className="avatar" aria-hidden="true">
          {name.charAt(0)}
        </span>
      ))}
      {names.length > FACES_MAX && <span aria-hidden="true">+{names.length - FACES_MAX}</span>}
    </button>
  );
}

function SyncState() {
  const status = useStatus().data;
  const link = useSyncExternalStore(subscribeLink, currentLink);
  const told = tellSync(status?.sync, link);
  return (
    <button
      type="button"
      className="sync-state"
      data-kind={told.kind}
      title={told.about}
      aria-label={`${told.words}. ${told.about}`}
      onClick={() => go({ screen: "peers" })}
    >
      <i aria-hidden="true" />
      <span role="status">{told.words}</span>
    </button>
  );
}
