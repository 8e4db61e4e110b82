/** What a screen shows when there is nothing to show yet, nothing at all, or nothing but a refusal. */
import { CircleAlert } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { tell } from "../api/problem";

/** Below this, waiting is not noticed, and a spinner would only flicker. */
const PATIENCE_MS = 200;

export function Loading({ what }: { what: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="state" role="status">
      {late && (
        <>
          <span className="spinner" aria-hidden="true" />
          <p>Loading {what}…</p>
        </>
      )}
    </div>
  );
}

export function Failed({ error, retry }: { error: unknown; retry: () => void }) {
  const { title, next } = tell(error);
  return (
    <div className="state" role="alert">
      <CircleAlert size={28} aria-hidden="true" />
      <h2>{title}</h2>
      <p>{next}</p>
      <button type="button" className="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

export function Empty(props: { icon: ReactNode; title: string; children?: ReactNode; acts?: ReactNode }) {
  return (
    <div className="state">
      <span className="state-icon" aria-hidden="true">
        {props.icon}
      </span>
      <h2>{props.title}</h2>
      {props.children && <p>{props.children}</p>}
      {props.acts && <div className="state-acts">{props.acts}</div>}
    </div>
  );
}
