import { expect, it, vi } from "vitest";
import * as Y from "yjs";
import { Sender } from "./sender";

/** What a document of its own says after the batches that were sent. */
function read(batches: string[]): string {
  const document = new Y.Doc();
  for (const batch of batches) Y.applyUpdate(document, Buffer.from(batch, "base64"));
  return document.getText("text").toString();
}

function writer(sender: Sender): (words: string) => void {
  const document = new Y.Doc();
  document.on("update", (update: Uint8Array) => sender.add(update));
  const text = document.getText("text");
  return (words) => text.insert(text.length, words);
}

it("merges what is written while a batch is under way into the next", async () => {
  vi.useFakeTimers();
  const sent: string[] = [];
  let answer = () => {};
  const told: string[] = [];
  const sender = new Sender(
    (delta) => {
      sent.push(delta);
      return new Promise<void>((resolve) => {
        answer = resolve;
      });
    },
    (saving) => told.push(saving),
    () => {},
  );
  const write = writer(sender);
  write("Stand ");
  expect(sender.idle).toBe(false);
  await vi.runAllTimersAsync();
  write("by ");
  write("now");
  await vi.runAllTimersAsync();
  expect(sent).toHaveLength(1);
  answer();
  await vi.runAllTimersAsync();
  answer();
  await vi.runAllTimersAsync();
  expect(sent).toHaveLength(2);
  expect(read(sent)).toBe("Stand by now");
  expect(told.at(-1)).toBe("saved");
  expect(sender.idle).toBe(true);
  vi.useRealTimers();
});

it("sends something now and then while somebody writes without a pause", async () => {
  vi.useFakeTimers();
  let sent = 0;
  const sender = new Sender(
    async () => {
      sent++;
    },
    () => {},
    () => {},
  );
  const write = writer(sender);
  for (let key = 0; key < 40; key++) {
    write("a");
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(sent).toBeGreaterThanOrEqual(2);
  expect(sent).toBeLessThanOrEqual(4);
  vi.useRealTimers();
});

it("keeps a batch that was refused, and sends it with what follows", async () => {
  const taken: string[] = [];
  let full = true;
  let again = () => {};
  const sender = new Sender(
    async (delta) => {
      if (full) throw new Error("full");
      taken.push(delta);
    },
    () => {},
    (_error, retry) => {
      again = retry;
    },
  );
  const write = writer(sender);
  write("Gangway ");
  await sender.flush();
  expect(sender.idle).toBe(false);
  full = false;
  write("out");
  again();
  await vi.waitFor(() => expect(sender.idle).toBe(true));
  expect(read(taken)).toBe("Gangway out");
});
