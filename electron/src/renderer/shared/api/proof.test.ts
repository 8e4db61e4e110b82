import { afterEach, expect, it, vi } from "vitest";
import { prove, whoAnswers } from "./proof";

const TOKEN = "0123456789abcdef".repeat(4);

afterEach(() => vi.unstubAllGlobals());

const answering = (answer: (challenge: string) => Promise<Response>) => {
  vi.stubGlobal("location", { port: "7400" });
  vi.stubGlobal("fetch", (path: string, request: RequestInit) => {
    expect(request.headers).toBeUndefined();
    return answer(new URL(path, "http://127.0.0.1:7400").searchParams.get("challenge") ?? "");
  });
};

it("expects what the engine answers", async () => {
  await expect(prove(TOKEN, "7400", "c0ffee")).resolves.toBe(
    "0a7460f986b4d528cee226fe9b7f57114732f95bdb1ab6034c654fa12aef8d0b",
  );
});

it("knows its engine, without saying the token", async () => {
  answering(async (challenge) => Response.json({ proof: await prove(TOKEN, "7400", challenge) }));
  await expect(whoAnswers(TOKEN)).resolves.toBe("ours");
});

it("tells another program, another engine, and a proof of another time or port from it", async () => {
  for (const answer of [
    async () => new Response("hello"),
    async () => Response.json({}),
    async () => Response.json({ code: "unknown_route" }, { status: 404 }),
    async (challenge: string) => Response.json({ proof: await prove("f".repeat(64), "7400", challenge) }),
    async (challenge: string) => Response.json({ proof: await prove(TOKEN, "7401", challenge) }),
    async () => Response.json({ proof: await prove(TOKEN, "7400", "0".repeat(64)) }),
  ]) {
    answering(answer);
    await expect(whoAnswers(TOKEN)).resolves.toBe("other");
  }
});

it("hears when nobody answers", async () => {
  answering(() => Promise.reject(new TypeError("refused")));
  await expect(whoAnswers(TOKEN)).resolves.toBe("silent");
});
