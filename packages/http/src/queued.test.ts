import { describe, expect, it } from "vitest";
import { createApp } from "./app.ts";
import { createFakeRuntime, goodKey } from "./fake-runtime.ts";

const json = { authorization: `Bearer ${goodKey}`, "content-type": "application/json" };
const sendPath = "/v1/connections/chat/rooms/lobby/messages";

describe("a call that is not waited for", () => {
  const call = async (path: string, init: RequestInit = {}) => {
    const runtime = createFakeRuntime({
      answers: {
        "messages.send": () => ({
          value: { operation: "op_1", state: "accepted" },
          status: 202,
          replayed: false,
          location: "/v1/ledger/op_1",
        }),
      },
    });
    const response = await createApp(runtime).request(path, {
      method: "POST",
      headers: json,
      body: '{"text":"hi"}',
      ...init,
    });
    return { runtime, response };
  };

  it("is put into the queue and answered with the row to follow", async () => {
    const { runtime, response } = await call(`${sendPath}?wait=false`);
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toBe("/v1/ledger/op_1");
    expect(runtime.invoked[0]?.options.wait).toBe(false);
    expect(runtime.invoked[0]?.input).toEqual({ connection: "chat", room: "lobby", text: "hi" });
  });

  it("is waited for otherwise, and says so where nothing can be queued", async () => {
    const { runtime } = await call(`${sendPath}?wait=true`);
    expect(runtime.invoked[0]?.options.wait).toBeUndefined();
    expect((await call(`${sendPath}?wait=soon`)).response.status).toBe(400);
    expect((await call("/v1/connections?wait=false", { body: "{}" })).response.status).toBe(400);
  });
});
