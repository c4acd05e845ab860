import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { type ClientEvent, subscribe } from "../event/event.ts";
import { recordOf } from "../event/record.ts";
import { formatCef } from "../formats/cef.ts";
import { formatEcs } from "../formats/ecs.ts";
import { auditHttp } from "./http.ts";
import { formatOtel } from "../formats/otel.ts";
import { watchTraffic } from "../traffic/watch-traffic.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

function hear(): ClientEvent[] {
  const heard: ClientEvent[] = [];
  onTestFinished(subscribe(["client.resolved", "client.rejected"], (event) => heard.push(event)));
  return heard;
}

const told = (heard: readonly ClientEvent[]): readonly unknown[] =>
  heard.map(({ resolution, request, outcome }) => [
    resolution.client?.address,
    request?.path,
    request?.status,
    request?.ending,
    outcome,
  ]);

async function open(listener: RequestListener): Promise<[Server, () => Socket]> {
  onTestFinished(auditHttp());
  const server = wherefrom(createHttpServer(listener), policy).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  const dial = (): Socket => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("error", () => {}).resume();
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return [server, dial];
}

const ask = (path: string, client = 7, more = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.${client}\r\n${more}\r\n`;
const UPGRADE = ask("/ws?token=1", 7, "Connection: Upgrade\r\nUpgrade: x\r\n");
const CONNECT = "CONNECT x.example:80 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n";

test("a client that leaves before its answer is told once, and what is answered afterwards is not", async () => {
  const heard = hear();
  let late: () => void = () => {};
  const [server, dial] = await open((request, response) => {
    if (request.url === "/second") return void response.end("ok");
    late = () => response.end("too late");
    socket.resetAndDestroy();
  });
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const socket = dial();
  socket.write(ask("/transfer?to=1"));
  await expect.poll(() => told(heard)).toEqual([["203.0.113.7", "/transfer", undefined, "unanswered", "failure"]]);
  late();
  const [ours] = await accepted;
  expect(ours.destroyed).toBe(true);
  const other = dial();
  other.write(ask("/second", 8));
  await expect.poll(() => heard.length).toBe(2);
  expect(told(heard)[1]).toEqual(["203.0.113.8", "/second", 200, undefined, "success"]);
  expect(heard[0]?.local).toEqual(heard[1]?.local);
});

test("an answer that was begun, and one that we break off, have their status", async () => {
  const heard = hear();
  const [, dial] = await open((request, response) => {
    response.writeHead(207);
    response.write("part", () => (request.url === "/theirs" ? socket.destroy() : response.destroy()));
  });
  let socket = dial();
  socket.write(ask("/theirs"));
  await expect.poll(() => heard.length).toBe(1);
  socket = dial();
  socket.write(ask("/ours"));
  await expect.poll(() => heard.length).toBe(2);
  expect(told(heard)).toEqual([
    ["203.0.113.7", "/theirs", 207, "unanswered", "failure"],
    ["203.0.113.7", "/ours", 207, "unanswered", "failure"],
  ]);
});

test("of pipelined requests each is told once: those that were answered, and those that were not", async () => {
  const heard = hear();
  const [, dial] = await open((request, response) => {
    if (request.url === "/1") response.end("ok");
    if (request.url === "/4") socket.destroy();
  });
  const socket = dial();
  socket.write([1, 2, 3, 4].map((path) => ask(`/${path}`, path)).join(""));
  await expect.poll(() => heard.length).toBe(4);
  expect(told(heard)).toEqual([
    ["203.0.113.1", "/1", 200, undefined, "success"],
    ["203.0.113.2", "/2", undefined, "unanswered", "failure"],
    ["203.0.113.3", "/3", undefined, "unanswered", "failure"],
    ["203.0.113.4", "/4", undefined, "unanswered", "failure"],
  ]);
});

test("a hundred clients that leave, and a hundred that stay, are two hundred to the audit and to the traffic watch", async () => {
  const heard = hear();
  const watch = watchTraffic();
  onTestFinished(() => watch.close());
  const [, dial] = await open((request, response) => {
    if (request.url === "/stay") response.end("ok");
  });
  for (let index = 0; index < 100; index++) {
    const leaving = dial();
    leaving.write(ask("/leave"), () => leaving.end());
    dial().write(ask("/stay", 8, "Connection: close\r\n"));
  }
  // Who ends without an answer is waited for: the application has not said a word yet.
  await expect.poll(() => heard.filter(({ request }) => request?.path === "/stay").length).toBe(100);
  await expect.poll(() => heard.length).toBe(200);
  expect(watch.report().requests).toBe(200);
});

const HANDOVERS = [
  ["an upgrade", "upgrade", UPGRADE, "HTTP/1.1 101 Switching Protocols\r\n\r\n", ["/ws", 101, "upgraded", "success"]],
  [
    "an upgrade that is refused",
    "upgrade",
    UPGRADE,
    "HTTP/1.1 401 Unauthorized\r\n\r\n",
    ["/ws", 401, undefined, "failure"],
  ],
  ["an upgrade in other words", "upgrade", UPGRADE, "hello", ["/ws", undefined, "upgraded", "success"]],
  ["an upgrade that is hung up on", "upgrade", UPGRADE, undefined, ["/ws", undefined, "unanswered", "failure"]],
  ["a CONNECT", "connect", CONNECT, "HTTP/1.1 200 OK\r\n\r\n", ["x.example:80", 200, "tunnelled", "success"]],
  [
    "a CONNECT that is refused",
    "connect",
    CONNECT,
    "HTTP/1.1 405 Method Not Allowed\r\n\r\n",
    ["x.example:80", 405, undefined, "failure"],
  ],
  ["a CONNECT that is hung up on", "connect", CONNECT, undefined, ["x.example:80", undefined, "unanswered", "failure"]],
] as const;

/** How a listener writes its answer. */
const WRITES: Readonly<Record<string, (socket: Duplex, answer: string) => void>> = {
  written: (socket, answer) => void socket.write(answer),
  "written as bytes": (socket, answer) => void socket.write(Buffer.from(answer)),
  "written with the end": (socket, answer) => void socket.end(answer),
  "written together with more": (socket, answer) => {
    socket.cork();
    socket.write(answer);
    socket.write("more");
    socket.uncork();
  },
};

test.each(HANDOVERS.flatMap((row) => Object.keys(WRITES).map((way) => [row[0], way, row] as const)))(
  "%s is told once, when it is answered: %s",
  async (_title, way, [, event, text, answer, expected]) => {
    const heard = hear();
    const watch = watchTraffic();
    onTestFinished(() => watch.close());
    const [server, dial] = await open((_request, response) => void response.end());
    let ours: Duplex | undefined;
    server.on(event, (_request, socket: Duplex) => {
      ours = socket.on("error", () => {});
      if (answer === undefined) socket.destroy();
      else WRITES[way]!(socket, answer);
    });
    const socket = dial();
    socket.write(text);
    await expect.poll(() => told(heard)).toEqual([["203.0.113.7", ...expected]]);
    ours?.end("bye");
    socket.end();
    await expect.poll(() => ours?.destroyed).toBe(true);
    expect(heard.length).toBe(1);
    expect(watch.report().requests).toBe(1);
  },
);

test("a CONNECT that nobody listens for is told", async () => {
  const heard = hear();
  const [, dial] = await open((_request, response) => void response.end());
  dial().write(CONNECT);
  await expect.poll(() => told(heard)).toEqual([["203.0.113.7", "x.example:80", undefined, "unanswered", "failure"]]);
});

test("an upgrade that nobody listens for is a request as any other", async () => {
  const heard = hear();
  const [, dial] = await open((_request, response) => void response.end());
  dial().write(UPGRADE);
  await expect.poll(() => told(heard)).toEqual([["203.0.113.7", "/ws", 200, undefined, "success"]]);
});

test("the ending stands in every format that has a place for it", async () => {
  const heard = hear();
  const [, dial] = await open(() => socket.destroy());
  const socket = dial();
  socket.write(ask("/"));
  await expect.poll(() => heard.length).toBe(1);
  const record = recordOf(heard[0]!);
  expect(formatEcs(record)).toMatchObject({ event: { outcome: "failure" }, wherefrom: { ending: "unanswered" } });
  expect(formatOtel(record)).toMatchObject({ "wherefrom.ending": "unanswered" });
  expect(formatCef(record)).toContain(" act=unanswered");
});

test("when the audit has ended, connections that end are not told", async () => {
  const heard = hear();
  const end = auditHttp();
  const server = wherefrom(
    createHttpServer(() => {}),
    policy,
  ).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const begun = once(server, "request");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  socket.write(ask("/"));
  await begun;
  end();
  const [ours] = await accepted;
  const closed = once(ours, "close");
  socket.destroy();
  await closed;
  expect(heard).toEqual([]);
});
