import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { freePort } from "../../e2e/free-port.ts";
import { ended, started } from "./program.ts";

const ECHO = "conformance/auto/applications/echo.mjs";
const OWN = "conformance/auto/applications/own-policy.mjs";
const APM = "./conformance/auto/applications/apm.cjs";
const PRELOAD = ["--import", "@wherefrom/auto"];
const POLICY = { WHEREFROM_POLICY: "trust=127.0.0.1 from=x-forwarded-for" };
const FORGED = "6.6.6.6";
const CLIENT = "203.0.113.7";

const directory = mkdtempSync(join(tmpdir(), "wherefrom-preload-"));
afterAll(() => rmSync(directory, { recursive: true }));

function fileOf(name: string, content: object | string): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

interface Seen {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly all: string;
  readonly peer: string | undefined;
  readonly server?: string;
  readonly route?: string;
}

const HEADERS = {
  "x-forwarded-for": `${FORGED}, ${CLIENT}`,
  "x-real-ip": FORGED,
  x_client_ip: FORGED,
  "x-forwarded-host": "evil.example",
};

async function ask(
  port: number,
  headers: Readonly<Record<string, string>> = HEADERS,
  { path = "/", from = "127.0.0.1" }: { readonly path?: string; readonly from?: string } = {},
): Promise<Seen> {
  const sent = request({ port, host: "127.0.0.1", path, localAddress: from, headers, agent: false }).end();
  const [response] = (await once(sent, "response")) as [NodeJS.ReadableStream];
  let text = "";
  for await (const part of response) text += String(part);
  return JSON.parse(text) as Seen;
}

async function askHttp2(port: number): Promise<Seen> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  let text = "";
  for await (const part of session.request({ ":path": "/", ...HEADERS })) text += String(part);
  session.destroy();
  return JSON.parse(text) as Seen;
}

async function askRaw(port: number, text: string, localAddress = "127.0.0.1"): Promise<Seen> {
  const socket = connect({ port, host: "127.0.0.1", localAddress }).setEncoding("latin1");
  let reply = "";
  socket.on("data", (part: string) => (reply += part));
  socket.write(text, "latin1");
  await once(socket, "close");
  return JSON.parse(reply.slice(reply.indexOf("\r\n\r\n") + 4)) as Seen;
}

function proves({ headers, all }: Seen, client = CLIENT): boolean {
  return (
    !all.includes(FORGED) &&
    !all.includes("evil") &&
    headers["x-forwarded-for"] === client &&
    headers["x-real-ip"] === client
  );
}

describe("an application without a line of code sees the client that the policy proves", () => {
  test.each<[string, readonly string[], NodeJS.ProcessEnv]>([
    ["--import", PRELOAD, {}],
    ["--require", ["--require", "@wherefrom/auto"], {}],
    ["NODE_OPTIONS", [], { NODE_OPTIONS: "--import @wherefrom/auto" }],
    ["both, which are one", PRELOAD, { NODE_OPTIONS: "--require @wherefrom/auto" }],
    ["a tracing tool before it", ["--require", APM, ...PRELOAD], {}],
    ["a tracing tool behind it", ["--require", "@wherefrom/auto", "--require", APM], {}],
    ["a worker", PRELOAD, { MODE: "worker" }],
    ["a cluster", PRELOAD, { MODE: "cluster" }],
    ["a cluster whose workers accept", PRELOAD, { MODE: "cluster", NODE_CLUSTER_SCHED_POLICY: "none" }],
    ["a server that is handed its connections", PRELOAD, { MODE: "handed" }],
  ])("%s", async (_title, args, env) => {
    const { ports, err } = await started([...args, ECHO], { ...POLICY, ...env });
    const seen = await ask(ports[0] as number);
    expect([proves(seen), seen.peer]).toEqual([true, "127.0.0.1"]);
    expect(err()).toMatch(/is covered by WHEREFROM_POLICY trust=127\.0\.0\.1/);
  });

  test.each(["http2", "handed-http2"])("%s", async (mode) => {
    const { ports } = await started([...PRELOAD, ECHO], { ...POLICY, MODE: mode });
    expect(proves(await askHttp2(ports[0] as number))).toBe(true);
  });

  test("an upgrade", async () => {
    const { ports } = await started([...PRELOAD, ECHO], { ...POLICY, MODE: "upgrade" });
    const lines = Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
    const text = `GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: chat\r\n${lines.join("")}\r\n`;
    expect(proves(await askRaw(ports[0] as number, text))).toBe(true);
  });
});

test("a client that is connected itself names itself in vain", async () => {
  const { ports } = await started([...PRELOAD, ECHO], { WHEREFROM_POLICY: "trust=nobody" });
  expect(proves(await ask(ports[0] as number), "127.0.0.1")).toBe(true);
});

test("a file follows its lists: a server does not answer before they are there, and sees what they become", async () => {
  const list = fileOf("proxies.txt", "127.0.0.1\n");
  const config = fileOf("followed.json", {
    lists: { proxies: { file: list } },
    policy: { trust: ["list:proxies"], from: "x-forwarded-for" },
  });
  const { ports } = await started([...PRELOAD, ECHO], { WHEREFROM_CONFIG: config });
  expect(proves(await ask(ports[0] as number))).toBe(true);
  writeFileSync(list, "10.9.9.9\n");
  await expect.poll(async () => proves(await ask(ports[0] as number), "127.0.0.1")).toBe(true);
});

test("PROXY headers are read on the named port, and the listener of another says that it is not covered", async () => {
  const port = await freePort("127.0.0.1");
  const config = fileOf("proxy.json", {
    policy: { trust: ["127.0.0.1"], from: "proxy-protocol" },
    ports: [port],
    server: { proxyProtocol: "required" },
  });
  const { ports, err } = await started([...PRELOAD, ECHO], {
    WHEREFROM_CONFIG: config,
    MODE: "two",
    PORT: String(port),
  });
  const lines = Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  const header = `PROXY TCP4 ${CLIENT} 192.0.2.1 4711 443\r\n`;
  const seen = await askRaw(port, `${header}GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join("")}\r\n`);
  expect([proves(seen), seen.peer]).toEqual([true, CLIENT]);
  expect((await ask(ports[1] as number)).headers["x-real-ip"]).toBe(FORGED);
  expect(err()).toContain(`127.0.0.1:${ports[1]} (process`);
  expect(err().match(/is not covered: its port is none of/g)).toHaveLength(1);
});

test("a PROXY header counts as long as its sender is on a list that is followed; any other connection is closed", async () => {
  const port = await freePort("127.0.0.1");
  const list = fileOf("senders.txt", "127.0.0.2\n");
  const config = fileOf("senders.json", {
    lists: { senders: { file: list } },
    policy: { trust: ["list:senders"], from: "proxy-protocol" },
    ports: [port],
    server: { proxyProtocol: "required" },
  });
  const lines = Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `PROXY TCP4 ${CLIENT} 192.0.2.1 4711 443\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join("")}\r\n`;
  await started([...PRELOAD, ECHO], { WHEREFROM_CONFIG: config, PORT: String(port) });
  const saidTo = async (sender: string): Promise<"right" | "wrong" | "nothing"> => {
    try {
      return proves(await askRaw(port, text, sender)) ? "right" : "wrong";
    } catch {
      // The end of the connection or its reset comes first, as the moment has it.
      return "nothing";
    }
  };
  expect([await saidTo("127.0.0.2"), await saidTo("127.0.0.9")]).toEqual(["right", "nothing"]);
  writeFileSync(list, "127.0.0.9\n");
  await expect.poll(() => saidTo("127.0.0.9")).toBe("right");
  expect(await saidTo("127.0.0.2")).toBe("nothing");
});

describe("the application's own policy stays", () => {
  test.each(["before", "after"])("given %s it listens", async (when) => {
    const { ports, err } = await started([...PRELOAD, OWN], { ...POLICY, WHEN: when });
    const headers = { "x-forwarded-for": FORGED, "cf-connecting-ip": CLIENT, "x-real-ip": "198.51.100.9" };
    const seen = await ask(ports[0] as number, headers);
    expect([seen.server, seen.route]).toEqual([CLIENT, "198.51.100.9"]);
    expect([seen.headers["x-forwarded-for"], seen.headers["cf-connecting-ip"]]).toEqual([CLIENT, CLIENT]);
    expect(err()).toContain(
      when === "before" ? "is covered by the application's own policy" : "is covered by WHEREFROM",
    );
  });

  test("and without one the preload's answers", async () => {
    const { ports } = await started([...PRELOAD, OWN], { ...POLICY });
    expect((await ask(ports[0] as number)).server).toBe(CLIENT);
  });
});

describe("headers of the application's own", () => {
  const application = "conformance/auto/applications/own-headers.mjs";

  test("stay on the request that it has set them on", async () => {
    const { ports } = await started([...PRELOAD, application], POLICY);
    const { headers } = await ask(ports[0] as number, HEADERS, { path: "/set" });
    expect([headers["x-client-ip"], headers["x-real-ip"], headers["x-forwarded-for"]]).toEqual([
      "198.51.100.1",
      "198.51.100.2",
      CLIENT,
    ]);
  });

  test.each([
    ["are one more client's where loopback is not trusted", "127.0.0.2", "127.0.0.1"],
    ["name the client where loopback is trusted", "127.0.0.1,127.0.0.2", CLIENT],
  ])("on a request to itself %s", async (_title, trust, inner) => {
    const policy = { WHEREFROM_POLICY: `trust=${trust} from=x-forwarded-for` };
    const { ports } = await started([...PRELOAD, application], policy);
    const { headers } = await ask(ports[0] as number, HEADERS, { path: "/self", from: "127.0.0.2" });
    expect([headers["x-forwarded-for"], headers["x-real-ip"]]).toEqual([inner, inner]);
  });
});

describe("a process without a right policy ends with 78 and one sentence", () => {
  test.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ["missing", {}, /neither WHEREFROM_POLICY nor WHEREFROM_CONFIG is set/],
    ["double", { ...POLICY, WHEREFROM_CONFIG: "/x" }, /are both set/],
    ["wrong", { WHEREFROM_POLICY: "trust=*" }, /WHEREFROM_POLICY: /],
    ["unreadable", { WHEREFROM_CONFIG: "/nowhere/at/all" }, /cannot be read/],
    ["of what no listener reads", { WHEREFROM_POLICY: "trust=127.0.0.1 from=proxy-protocol" }, /no listener reads it/],
  ])("%s", async (_title, env, sentence) => {
    const { code, out, err } = await ended([...PRELOAD, ECHO], env);
    expect([code, out]).toEqual([78, ""]);
    expect(err).toMatch(sentence);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  test("under a Node whose requests cannot be normalised", async () => {
    const broken = fileOf(
      "broken.cjs",
      `require("node:http").IncomingMessage.prototype._addHeaderLines = function () {};`,
    );
    const late = fileOf(
      "late.cjs",
      `const { IncomingMessage } = require("node:http"); const add = IncomingMessage.prototype._addHeaderLines; Object.defineProperty(IncomingMessage.prototype, "_addHeaderLines", { get: () => add, set() {} });`,
    );
    for (const file of [broken, late]) {
      const { code, err } = await ended(["--require", file, ...PRELOAD, ECHO], POLICY);
      expect([code, err.includes("headers cannot be normalised under Node")]).toEqual([78, true]);
    }
  });

  test("--require with lists that are not there yet", async () => {
    const list = fileOf("later.txt", "127.0.0.1\n");
    const policy = { trust: ["list:proxies"], from: "x-forwarded-for" };
    const config = fileOf("later.json", {
      lists: { proxies: { dns: "absent.invalid", servers: ["127.0.0.1:9"] }, l: { file: list } },
      policy,
    });
    const { code, err } = await ended(["--require", "@wherefrom/auto", ECHO], { WHEREFROM_CONFIG: config });
    expect([code, err.includes("write --import @wherefrom/auto instead of --require")]).toEqual([78, true]);
  });
});

test("an application that requires the preload runs with it, and not without", async () => {
  const required = "conformance/auto/applications/required.mjs";
  expect((await ended([...PRELOAD, required], POLICY)).out).toBe("covered\n");
  const { code, err } = await ended([required], {});
  expect([code, err.includes("is not preloaded")]).toEqual([1, true]);
});

test("currentClient() of another copy of @wherefrom/audit answers where there is no request at hand", async () => {
  const application = "conformance/auto/applications/current-client.mjs";
  const { ports } = await started([...PRELOAD, application], { ...POLICY, WHEREFROM_CURRENT_CLIENT: "on" });
  const answers = await Promise.all(
    ["203.0.113.1", "203.0.113.2", "203.0.113.3"].map((client) =>
      ask(ports[0] as number, { "x-forwarded-for": `${FORGED}, ${client}` }),
    ),
  );
  expect(answers).toEqual(["203.0.113.1", "203.0.113.2", "203.0.113.3"]);
  const without = await started([...PRELOAD, application], POLICY);
  expect(await ask(without.ports[0] as number)).toBe("unknown");
});

test("wherefrom run covers what the command starts, and answers with its code", async () => {
  const cli = join(import.meta.dirname, "../../../packages/cli/dist/main.js");
  const run = [cli, "run", "--policy", POLICY.WHEREFROM_POLICY, "--"];
  const { ports } = await started([...run, "sh", "-c", `exec node ${ECHO}`], {});
  expect(proves(await ask(ports[0] as number))).toBe(true);
  expect((await ended([...run, "sh", "-c", "exit 7"], {})).code).toBe(7);
  expect((await ended([...run, "/nowhere/at/all"], {})).code).toBe(127);
  expect((await ended([cli, "run"], {})).code).toBe(2);
  expect((await ended([cli, "run", "--", process.execPath, ECHO], {})).code).toBe(78);
});
