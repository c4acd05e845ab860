import { once } from "node:events";
import { Agent, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { compilePolicy, type PolicyOptions } from "@wherefrom/core";
import { getClient, getClientIp, wherefrom } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { Adapter, View } from "./adapter.ts";
import { openSite, type Site } from "./site.ts";

const PROXIES: PolicyOptions = { trust: ["127.0.0.1"], from: "x-forwarded-for" };

function from(client: string): { readonly lines: readonly (readonly [string, string])[] } {
  return { lines: [["X-Forwarded-For", client]] };
}

/** A request as bytes on a socket of our own. */
function send(site: Site, lines: readonly string[]): Socket {
  const socket = connect(site.at.port ?? 0, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(`GET / HTTP/1.1\r\nHost: app.example\r\n${lines.join("\r\n")}\r\n\r\n`);
  return socket;
}

/** What belongs to a connection, what to each of its requests, and what is left when it is gone. */
export function testConnections(adapter: Adapter): void {
  test("each request of a keep-alive connection has its own client", async () => {
    const sockets = new Set<unknown>();
    const handle = (read: () => View, request: IncomingMessage): View => (sockets.add(request.socket), read());
    const site = await openSite({ adapter, policy: PROXIES, handle });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    for (const client of ["203.0.113.1", "203.0.113.2", "2001:db8::3"]) {
      const ips = adapter.ipsOf([client], "127.0.0.1");
      expect(await site.ask({ ...from(client), agent })).toMatchObject({ ip: client, ips, client });
    }
    expect(await site.ask({ agent })).toMatchObject({ ip: "127.0.0.1", ips: adapter.ipsOf([], "127.0.0.1") });
    expect(sockets.size).toBe(1);
  });

  test.each([
    ["behind a proxy", PROXIES, "203.0.113.7"],
    ["connected directly", { trust: [] }, "127.0.0.1"],
  ] as const)("a client %s that has gone is still known", async (_, policy, expected) => {
    let finish: (view: View) => void;
    const late = new Promise<View>((resolve) => (finish = resolve));
    const handle = async (read: () => View, request: IncomingMessage): Promise<void> => {
      client.destroy();
      await once(request.socket, "close");
      finish(read());
    };
    const site = await openSite({ adapter, policy, handle });
    const client = send(site, ["X-Forwarded-For: 203.0.113.7"]);
    expect(await late).toMatchObject({ ip: expected, client: expected });
  });

  test("two requests at the same time do not see each other", async () => {
    let waiting = 0;
    let open: () => void;
    const both = new Promise<void>((resolve) => (open = resolve));
    const handle = async (read: () => View): Promise<readonly View[]> => {
      const before = read();
      if (++waiting === 2) open();
      await both;
      return [before, read()];
    };
    const site = await openSite({ adapter, policy: PROXIES, handle });
    const answers = await Promise.all([site.ask(from("203.0.113.1")), site.ask(from("203.0.113.2"))]);
    expect(answers).toMatchObject([
      [{ ip: "203.0.113.1" }, { ip: "203.0.113.1" }],
      [{ ip: "203.0.113.2" }, { ip: "203.0.113.2" }],
    ]);
  });

  test("a header that the application changes afterwards changes nothing", async () => {
    const handle = (read: () => View, request: IncomingMessage): View => {
      read();
      request.headers["x-forwarded-for"] = "203.0.113.66";
      return read();
    };
    const site = await openSite({ adapter, policy: PROXIES, handle });
    const ips = adapter.ipsOf(["203.0.113.7"], "127.0.0.1");
    expect(await site.ask(from("203.0.113.7"))).toMatchObject({ ip: "203.0.113.7", ips });
  });

  test("after an upgrade the socket answers what its request answered", async () => {
    const policy = compilePolicy(PROXIES);
    const site = await openSite({ adapter, policy: PROXIES, prepare: (server) => wherefrom(server, policy) });
    const sockets = new WebSocketServer({ server: site.server });
    sockets.on("connection", (session, { socket }) => {
      session.send(JSON.stringify([getClientIp(socket), getClient(socket).method]));
    });
    const session = new WebSocket(`ws://127.0.0.1:${site.at.port}`, { headers: { "X-Forwarded-For": "203.0.113.7" } });
    onTestFinished(() => session.terminate());
    const [message] = (await once(session, "message")) as [Buffer];
    expect(JSON.parse(String(message))).toEqual(["203.0.113.7", "x-forwarded-for"]);
    // The HTTP side of the same server goes on as before.
    expect(await site.ask(from("203.0.113.8"))).toMatchObject({ ip: "203.0.113.8" });
  });
}
