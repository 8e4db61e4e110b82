import { afterEach, beforeEach, expect, it, vi } from "vitest";

const TOKEN = "openprod.token";
const kept = new Map<string, string>();
const page = { hash: "", pathname: "/" };
const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

beforeEach(() => {
  vi.resetModules();
  kept.clear();
  page.hash = "";
  vi.stubGlobal("sessionStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
  vi.stubGlobal("location", page);
  vi.stubGlobal("history", { replaceState: () => (page.hash = "") });
  vi.stubGlobal("window", globalThis);
});
afterEach(() => vi.unstubAllGlobals());

it("uses the code of the address up", async () => {
  page.hash = "#code=ab12";
  const fetch = vi.fn(async () => answer(200, { token: "t1" }));
  vi.stubGlobal("fetch", fetch);
  const { signIn } = await import("./session");
  await expect(signIn()).resolves.toBe("open");
  expect(fetch).toHaveBeenCalledExactlyOnceWith("/session", expect.objectContaining({ method: "POST" }));
  expect([kept.get(TOKEN), page.hash]).toEqual(["t1", ""]);
});

it("takes the token that the desktop program gives, before any that it kept", async () => {
  kept.set(TOKEN, "of an engine that is gone");
  vi.stubGlobal("openprod", { session: async () => ({ url: "http://127.0.0.1:1", token: "t2" }) });
  const { signIn } = await import("./session");
  await expect(signIn()).resolves.toBe("open");
  expect(kept.get(TOKEN)).toBe("t2");
});

it("signs in by the code when the desktop program shows an engine that is not its own", async () => {
  page.hash = "#code=ab12";
  vi.stubGlobal("openprod", { session: async () => null });
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => answer(200, { token: "t3" })),
  );
  const { signIn } = await import("./session");
  await expect(signIn()).resolves.toBe("open");
  expect(kept.get(TOKEN)).toBe("t3");
});

it("takes up the token of an engine that was started anew, once for all who ask", async () => {
  const session = vi.fn(async () => ({ url: "http://127.0.0.1:1", token: "t4" }));
  vi.stubGlobal("openprod", { session });
  const { renewSession } = await import("./session");
  await expect(Promise.all([renewSession(), renewSession()])).resolves.toEqual([true, true]);
  expect(session).toHaveBeenCalledOnce();
  expect(kept.get(TOKEN)).toBe("t4");
  await expect(renewSession()).resolves.toBe(false);
});

it("has nothing to renew in a browser, or when the desktop program does not answer", async () => {
  const { renewSession } = await import("./session");
  await expect(renewSession()).resolves.toBe(false);
  vi.stubGlobal("openprod", { session: () => Promise.reject(new Error("refused")) });
  await expect(renewSession()).resolves.toBe(false);
});
