/**
 * Words that two people read to each other, so that both know that they hold the same invitation.
 *
 * They are the first bytes of its SHA-256, one word a byte: whoever passes on another invitation in its place would
 * have to find one with the same words.
 */
import { useEffect, useState } from "react";
import { WORDS } from "./word-list";

const WORDS_SAID = 5;

export async function wordsOf(invitation: string): Promise<string[]> {
  // Line breaks and spaces come in when a long text is passed on, and change nothing about it.
  const plain = invitation.replace(/\s+/g, "");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(plain)));
  return [...digest.subarray(0, WORDS_SAID)].map((byte) => WORDS[byte] ?? "");
}

/** The words of an invitation; `null` while there is none. */
export function useWords(invitation: string | undefined): string[] | null {
  const [words, setWords] = useState<string[] | null>(null);
  useEffect(() => {
    let stale = false;
    if (!invitation?.trim()) setWords(null);
    else void wordsOf(invitation).then((next) => !stale && setWords(next));
    return () => {
      stale = true;
    };
  }, [invitation]);
  return words;
}
