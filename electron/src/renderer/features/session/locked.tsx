/** Shown when this page has no token, or one of an engine that is gone. */
import { KeyRound, PlugZap } from "lucide-react";

export function Locked() {
  return (
    <main className="welcome">
      <div className="state">
        <span className="state-icon" aria-hidden="true">
          <KeyRound size={28} />
        </span>
        <h1>This page needs a new link</h1>
        <p>
          The one that opened it was used already, is older than ten minutes, or the engine was started anew
          since.
        </p>
        <p>
          Run <kbd>openprod open</kbd> on this computer.
        </p>
      </div>
    </main>
  );
}

export function Offline() {
  return (
    <main className="welcome">
      <div className="state">
        <span className="state-icon" aria-hidden="true">
          <PlugZap size={28} />
        </span>
        <h1>The engine does not answer</h1>
        <p>
          Start it with <kbd>openprod serve</kbd>, and open the link that it prints.
        </p>
        <button type="button" className="button" onClick={() => location.reload()}>
          Try again
        </button>
      </div>
    </main>
  );
}
