import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { pinAddress, sendHttp1 } from "./http1.ts";
import { proxyV1 } from "./proxy-bytes.ts";
import { PROBE_MS, type Target } from "./transport.ts";

/** A machine that takes connections and says nothing. */
async function silent(): Promise<{ server: Server; target: Target }> {
  const server = createServer((socket) => void socket.on("error", () => {}).resume());
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const target = { isSecure: false, isChecked: true, host: "127.0.0.1", port, authority: "shop.example" };
  return { server, target };
}

describe("a machine that says nothing", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([
    { way: {}, over: "plain HTTP" },
    { way: { prefix: proxyV1("192.0.2.1") }, over: "a PROXY header" },
  ])("ends a probe over $over after its time", async ({ way }) => {
    const { server, target } = await silent();
    const connected = once(server, "connection");
    const reply = sendHttp1(target, { path: "/", lines: [], signal: new AbortController().signal }, way);
    const failure = reply.catch((error: unknown) => error);
    await connected;
    vi.advanceTimersByTime(PROBE_MS);
    expect(await failure).toMatchObject({ name: "TimeoutError" });
  });

  test("does not hold back an interruption", async () => {
    const { server, target } = await silent();
    const connected = once(server, "connection");
    const interruption = new AbortController();
    const reply = sendHttp1(target, { path: "/", lines: [], signal: interruption.signal });
    const failure = reply.catch((error: unknown) => error);
    await connected;
    interruption.abort("Ctrl-C");
    expect(await failure).toBe("Ctrl-C");
  });
});

test("all probes go to the one address of a name that answered", async () => {
  const { target } = await silent();
  const named = { ...target, host: "localhost" };
  const { signal } = new AbortController();
  expect((await pinAddress(named, signal)).address).toBe("127.0.0.1");
  expect(await pinAddress(target, signal)).toBe(target);
});
