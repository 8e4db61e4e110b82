/**
 * Whether it is the engine that answers. While an engine is away another program may take its port, and a page that said its
 * token again would give it away. So it asks first, and whoever has the token can answer without saying it.
 */

/** `silent`: nobody answers; `other`: somebody does who does not have the token. */
export type Answerer = "ours" | "other" | "silent";

const CHALLENGE_BYTES = 32;

export async function whoAnswers(token: string): Promise<Answerer> {
  const challenge = hex(crypto.getRandomValues(new Uint8Array(CHALLENGE_BYTES)));
  let response: Response;
  try {
    response = await fetch(`/session/proof?challenge=${challenge}`, { cache: "no-store" });
  } catch {
    return "silent";
  }
  try {
    const answer = (await response.json()) as { proof?: unknown };
    return answer.proof === (await prove(token, location.port, challenge)) ? "ours" : "other";
  } catch {
    return "other";
  }
}

/** What the engine answers that has this token on this port. */
export async function prove(token: string, port: string, challenge: string): Promise<string> {
  const text = new TextEncoder();
  const hash = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", text.encode(token), hash, false, ["sign"]);
  const message = text.encode(`openprod engine\n${port}\n${challenge}`);
  return hex(new Uint8Array(await crypto.subtle.sign("HMAC", key, message)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
