/**
 * Signing in: the one-time code in the address becomes a token, which this tab keeps. The desktop program gives the
 * token itself.
 */
import { currentToken, keepToken, post, resumeSession } from "../../shared/api/client";
import { EngineProblem } from "../../shared/api/problem";

export type Session = "open" | "locked" | "offline";

/** A new link that is opened in this very tab changes only the end of the address: it is followed all the same. */
export function followLinks(): void {
  addEventListener("hashchange", () => CODE.test(location.hash) && location.reload());
}

const CODE = /^#code=([0-9a-f]+)$/i;

/** Uses the code of the address up, and takes it out of the address and the history. */
export async function signIn(): Promise<Session> {
  resumeSession();
  const given = await window.openprod?.session().catch(() => null);
  if (given) {
    keepToken(given.token);
    return "open";
  }
  const code = CODE.exec(location.hash)?.[1];
  if (code !== undefined) {
    history.replaceState(null, "", location.pathname);
    try {
      keepToken((await post("/session", { code })).token);
    } catch (error) {
      if (error instanceof EngineProblem && error.status === 0) return "offline";
      // A used code with a token that still works is a reload of the first page.
    }
  }
  return currentToken() === null ? "locked" : "open";
}

let renewing: Promise<boolean> | null = null;

/** Takes up the token of an engine that the desktop program has started anew; false when there is no other token. */
export function renewSession(): Promise<boolean> {
  renewing ??= renew().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function renew(): Promise<boolean> {
  const given = await window.openprod?.session().catch(() => null);
  if (!given || given.token === currentToken()) return false;
  keepToken(given.token);
  return true;
}
