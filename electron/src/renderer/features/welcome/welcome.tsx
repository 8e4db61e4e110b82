/** The beginning: make a workspace, join one, or go on with one that is here. */

import { ChevronRight, Drama, FolderOpen, UserPlus, Waypoints } from "lucide-react";
import { type FormEvent, useState } from "react";
import icon from "../../icon.svg";
import { chooseWorkspace, currentWorkspace, post } from "../../shared/api/client";
import { queryClient, useWorkspaces } from "../../shared/api/queries";
import { go, parseRoute } from "../../shared/route";
import { toastProblem } from "../../shared/ui/toasts";
import { Words } from "../peers/invite-dialog";
import { useWords } from "../peers/words";
import { clearLabels } from "../records/labels";
import { Nearby } from "./nearby";

export function enterWorkspace(id: string): void {
  chooseWorkspace(id);
  clearLabels();
  // Everything that was asked was asked of another workspace.
  queryClient.clear();
  go({ screen: "home" });
}

/** What is under way. */
type Busy = "create" | "join" | "demo";

export function Welcome() {
  const workspaces = useWorkspaces();
  const [name, setName] = useState("");
  const [invitation, setInvitation] = useState("");
  const [address, setAddress] = useState("");
  const [busy, setBusy] = useState<Busy | null>(null);
  const words = useWords(invitation);
  const run = async (what: Busy, make: () => Promise<{ workspace_id: string }>) => {
    setBusy(what);
    try {
      const made = await make();
      await queryClient.invalidateQueries({ queryKey: ["workspaces"] });
      // The first workspace is shown as soon as it is there: whoever has begun to look around in it stays where they are.
      const inside = currentWorkspace() === made.workspace_id && parseRoute(location.hash).screen !== "start";
      if (!inside) enterWorkspace(made.workspace_id);
    } catch (error) {
      toastProblem(error);
    } finally {
      setBusy(null);
    }
  };
  const create = (event: FormEvent) => {
    event.preventDefault();
    void run("create", () => post("/workspace/create", { name: name.trim() }));
  };
  const join = (event: FormEvent) => {
    event.preventDefault();
    const at = address.trim();
    void run("join", () =>
      post("/workspace/join", { invitation: invitation.trim(), ...(at ? { address: at } : {}) }),
    );
  };
  const known = workspaces.data?.workspaces ?? [];
  const demo = () => void run("demo", () => post("/workspace/demo", {}));
  return (
    <main className="welcome">
      <header className="welcome-head">
        <img src={icon} alt="" width={44} height={44} />
        <h1>OpenProd</h1>
        <p className="quiet">
          Everything is kept on this computer first, and shared with those you invite. No server, no primary
          machine.
        </p>
      </header>
      <div className="welcome-cards">
        {known.length > 0 && (
          <section className="card" aria-label="Workspaces on this computer">
            <h2>
              <FolderOpen size={16} aria-hidden="true" /> Go on with
            </h2>
            <ul className="welcome-list">
              {known.map((workspace) => (
                <li key={workspace.workspace_id}>
                  <button
                    type="button"
                    className="entry"
                    onClick={() => enterWorkspace(workspace.workspace_id)}
                  >
                    <strong>{workspace.name}</strong>
                    <span className="space" />
                    <ChevronRight size={14} aria-hidden="true" />
                  </button>
                </li>
              ))}
            </ul>
          </section>
        )}
        <form className="card form" onSubmit={create}>
          <h2>
            <Waypoints size={16} aria-hidden="true" /> Create a workspace
          </h2>
          <label>
            Name of the show
            <input
              className="input"
              required
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </label>
          <button type="submit" className="button accent" disabled={busy !== null}>
            {busy === "create" ? "Creating…" : "Create"}
          </button>
        </form>
        <form className="card form" onSubmit={join}>
          <h2>
            <UserPlus size={16} aria-hidden="true" /> Join a workspace
          </h2>
          <label>
            Invitation
            <textarea
              className="input code"
              rows={3}
              required
              spellCheck={false}
              value={invitation}
              onChange={(event) => setInvitation(event.target.value)}
            />
          </label>
          {words && (
            <p className="welcome-words">
              <span className="quiet">Ask whether they see the same words:</span> <Words words={words} />
            </p>
          )}
          <label>
            Address, if you were told one
            <input
              className="input"
              placeholder="192.168.1.20:7420"
              value={address}
              onChange={(event) => setAddress(event.target.value)}
            />
          </label>
          <Nearby onChoose={setAddress} chosen={address} />
          <button type="submit" className="button" disabled={busy !== null}>
            {busy === "join" ? "Joining…" : "Join"}
          </button>
        </form>
      </div>
      {workspaces.data?.demo ? (
        <p className="welcome-demo">
          <span className="quiet">Only looking around?</span>
          <button type="button" className="button" disabled={busy !== null} onClick={demo}>
            <Drama size={14} aria-hidden="true" />
            {busy === "demo" ? "Making the show…" : "Open the demo show"}
          </button>
          <span className="quiet">A touring company that does not exist, on this computer alone.</span>
        </p>
      ) : (
        <p className="quiet">
          Only looking around? Run <kbd>openprod demo</kbd> for a touring show that is made up.
        </p>
      )}
      {workspaces.data?.broken.map((broken) => (
        <p key={broken.workspace_id} className="note bad" role="alert">
          A workspace cannot be opened: {broken.reason}
        </p>
      ))}
    </main>
  );
}
