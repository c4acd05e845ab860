import { once } from "node:events";
import { chmodSync, existsSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { askLocal, localSocketsOf } from "../protocol/local-client.ts";
import { deriveKeys } from "../protocol/keys.ts";
import { makeProof, newProbeId, PROBE_HEADER } from "../protocol/proof.ts";
import { ARM_LIMIT_MS, REPORTS_LIMIT } from "../protocol/report.ts";
import { type Doctor, doctor } from "./doctor.ts";

const token = "0123456789abcdef";
const keys = deriveKeys(token);

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "wherefrom-doctor-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A doctor whose socket is there. */
async function opened(socket: string): Promise<Doctor> {
  const made = doctor({ token, socket });
  onTestFinished(() => made.close());
  await expect.poll(() => existsSync(socket)).toBe(true);
  return made;
}

/** What the socket says to these bytes until it is closed, or `lines` lines of it. */
async function say(path: string, bytes: string, lines = 1): Promise<string> {
  const socket = connect(path).setEncoding("utf8");
  onTestFinished(() => void socket.destroy());
  socket.write(bytes);
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.split("\n").length > lines) break;
  }
  return text;
}

async function serve(handle: Doctor): Promise<number> {
  const server = createServer((request, response) => handle(request, response, () => response.end("application")));
  wherefrom(server, compilePolicy({ trust: [] }), { notices: false });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

async function isAnswered(port: number): Promise<boolean> {
  const id = newProbeId();
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { [PROBE_HEADER]: makeProof(keys, id, Date.now()) },
  });
  return (await response.text()) !== "application";
}

test("only the user of the process can open the socket, whatever its umask is", async () => {
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  const path = join(directory(), "doctor.sock");
  await opened(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(process.umask(0)).toBe(0);
});

test("the socket arms the doctor, which is silent before and after", async () => {
  const path = join(directory(), "doctor.sock");
  const port = await serve(await opened(path));
  expect(await isAnswered(port)).toBe(false);
  const armed = await askLocal(path, { v: 1, ask: "arm", ms: 900_000 });
  expect((armed.self.armedUntil ?? 0) - armed.self.now).toBeGreaterThan(0);
  expect(await isAnswered(port)).toBe(true);
  const silent = await askLocal(path, { v: 1, ask: "arm", ms: 0 });
  expect([armed.self.isArmed, silent.self.isArmed, silent.self.armedUntil]).toEqual([true, false, undefined]);
  expect(await isAnswered(port)).toBe(false);
});

test("it is silent again when the time is over", async () => {
  const path = join(directory(), "doctor.sock");
  const port = await serve(await opened(path));
  await askLocal(path, { v: 1, ask: "arm", ms: 1 });
  await expect.poll(async () => (await askLocal(path, { v: 1, ask: "status" })).self.isArmed).toBe(false);
  expect(await isAnswered(port)).toBe(false);
});

test("it tells of connections that were refused while it is armed, the last of them, and of none before", async () => {
  const path = join(directory(), "doctor.sock");
  await opened(path);
  const strict = createTcpServer();
  wherefrom(strict, compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" }), {
    proxyProtocol: "required",
    notices: false,
  });
  strict.listen(0, "127.0.0.1");
  await once(strict, "listening");
  onTestFinished(() => void strict.close());
  const { port } = strict.address() as AddressInfo;
  const refused = async (): Promise<void> => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.resume().write("GET / HTTP/1.1\r\n\r\n");
    await once(socket, "close");
  };
  await refused();
  expect((await askLocal(path, { v: 1, ask: "arm", ms: 60_000 })).reports).toEqual([]);
  for (let count = 0; count < REPORTS_LIMIT + 6; count++) await refused();
  const { reports, servers } = await askLocal(path, { v: 1, ask: "status" });
  expect(reports).toHaveLength(REPORTS_LIMIT);
  expect(reports.at(-1)).toMatchObject({
    kind: "proxy-refused",
    reason: "not-proxy",
    peer: "127.0.0.1",
    localPort: port,
  });
  expect(servers).toContainEqual(
    expect.objectContaining({
      policy: { trust: ["127.0.0.1"], from: "proxy-protocol" },
      options: { proxyProtocol: "required" },
      listening: { address: "127.0.0.1", port },
    }),
  );
});

test.each([
  [
    "a PROXY header of version 1",
    "PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n",
    { kind: "proxy-unread", version: 1 },
  ],
  [
    "a PROXY header of version 2",
    Buffer.from("0d0a0d0a000d0a515549540a2111000ccb007107c633640ac40601bb", "hex"),
    { kind: "proxy-unread", version: 2 },
  ],
  ["a TLS record", Buffer.from("16030100c8010000c40303", "hex"), { kind: "tls-unread" }],
])(
  "%s that reaches the parser of HTTP is kept, of a server without a policy as well",
  async (_title, bytes, report) => {
    const path = join(directory(), "doctor.sock");
    await opened(path);
    await askLocal(path, { v: 1, ask: "arm", ms: 60_000 });
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
    socket.resume().write(bytes);
    await once(socket, "close");
    const { reports } = await askLocal(path, { v: 1, ask: "status" });
    expect(reports).toEqual([
      expect.objectContaining({ ...report, peer: "127.0.0.1", peerPort: expect.any(Number) as number }),
    ]);
  },
);

test("connections of probes are kept, with the number that the answer has", async () => {
  const path = join(directory(), "doctor.sock");
  const port = await serve(await opened(path));
  await askLocal(path, { v: 1, ask: "arm", ms: 60_000 });
  await isAnswered(port);
  const { reports } = await askLocal(path, { v: 1, ask: "status" });
  expect(reports).toEqual([expect.objectContaining({ kind: "probe", connection: 1, peer: "127.0.0.1", claims: [] })]);
});

test.each([
  ["nothing", ""],
  ["HTTP", "GET / HTTP/1.1"],
  ["another version", '{"v":2,"ask":"status"}'],
  ["no object", "null"],
  ["another question", '{"v":1,"ask":"policy"}'],
  ["no time", '{"v":1,"ask":"arm"}'],
  ["a time that is a text", '{"v":1,"ask":"arm","ms":"900000"}'],
  ["a time below zero", '{"v":1,"ask":"arm","ms":-1}'],
  ["part of a millisecond", '{"v":1,"ask":"arm","ms":0.5}'],
  ["a time that is too long", `{"v":1,"ask":"arm","ms":${ARM_LIMIT_MS + 1}}`],
])("a line that is no question is told what a question is: %s", async (_title, line) => {
  const path = join(directory(), "doctor.sock");
  await opened(path);
  const { fault } = JSON.parse(await say(path, `${line}\n`)) as { fault: string };
  expect(fault).toContain(`{"v":1,"ask":"status"}`);
});

test("several questions on one connection are answered in their order", async () => {
  const path = join(directory(), "doctor.sock");
  await opened(path);
  const question = '{"v":1,"ask":"status"}\n';
  const lines = (await say(path, `${question}x\n${question}`, 3)).trim().split("\n");
  expect(lines.map((line) => Object.keys(JSON.parse(line) as object).includes("fault"))).toEqual([false, true, false]);
});

test("a question without an end is cut", async () => {
  const path = join(directory(), "doctor.sock");
  await opened(path);
  expect(await say(path, "x".repeat(100_000), Infinity)).toContain("too long");
});

test("a second process listens beside the first, at the path with its number behind", async () => {
  const path = join(directory(), "doctor.sock");
  await opened(path);
  const second = doctor({ token, socket: path });
  onTestFinished(() => second.close());
  const beside = `${path}.${process.pid}`;
  await expect.poll(() => existsSync(beside)).toBe(true);
  expect(await localSocketsOf(path)).toEqual([path, beside]);
  writeFileSync(`${path}.log`, "");
  expect(await localSocketsOf(path)).toEqual([path, beside]);
  for (const each of [path, beside])
    expect((await askLocal(each, { v: 1, ask: "status" })).self.process).toBe(process.pid);
});

test("a socket that a process has left behind is replaced", async () => {
  const path = join(directory(), "doctor.sock");
  const left = createTcpServer().listen(path);
  await once(left, "listening");
  // Closing would remove it: the handle is closed without.
  const kept = `${path}.kept`;
  linkSync(path, kept);
  left.close();
  await once(left, "close");
  const made = doctor({ token, socket: kept });
  onTestFinished(() => made.close());
  await expect
    .poll(() =>
      askLocal(kept, { v: 1, ask: "status" }).then(
        ({ v }) => v,
        () => 0,
      ),
    )
    .toBe(1);
});

test("a neighbour's socket that a process has left behind is removed, and one in use stays", async () => {
  const path = join(directory(), "doctor.sock");
  const left = createTcpServer().listen(`${path}.x`);
  await once(left, "listening");
  linkSync(`${path}.x`, `${path}.1`);
  left.close();
  await once(left, "close");
  const used = createTcpServer().listen(`${path}.2`);
  await once(used, "listening");
  onTestFinished(() => void used.close());
  await opened(path);
  await expect.poll(() => existsSync(`${path}.1`)).toBe(false);
  expect(existsSync(`${path}.2`)).toBe(true);
});

test("a file of the operator's at the path stays, and the process is warned", async () => {
  const path = join(directory(), "doctor.sock");
  writeFileSync(path, "mine");
  const warned = once(process, "warning") as Promise<[Error & { code?: string }]>;
  const made = doctor({ token, socket: path });
  onTestFinished(() => made.close());
  const [{ code, message }] = await warned;
  expect([code, statSync(path).size]).toEqual(["WHEREFROM_DOCTOR_SOCKET", 4]);
  expect(message).toContain(JSON.stringify(path));
});

test("a directory that is not there is a warning, and the doctor can be armed at the start all the same", async () => {
  const warned = once(process, "warning") as Promise<[Error & { code?: string }]>;
  const made = doctor({ token, arm: "1m", socket: "/nowhere/doctor.sock" });
  onTestFinished(() => made.close());
  const [{ code }] = await warned;
  expect(code).toBe("WHEREFROM_DOCTOR_SOCKET");
  expect(await isAnswered(await serve(made))).toBe(true);
});

test("asking where no process listens says why", async () => {
  const path = join(directory(), "doctor.sock");
  await expect(askLocal(path, { v: 1, ask: "status" })).rejects.toMatchObject({ code: "ENOENT" });
  writeFileSync(path, "");
  chmodSync(path, 0o600);
  await expect(askLocal(path, { v: 1, ask: "status" })).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test.each([
  ["another program", "HTTP/1.1 400 Bad Request\r\n\r\n", "not JSON"],
  ["a later version", '{"v":2}\n', "another version"],
  ["a fault", '{"v":1,"fault":"no"}\n', "no"],
])("a reply of %s is refused", async (_title, reply, message) => {
  const path = join(directory(), "doctor.sock");
  const other = createTcpServer((socket) => socket.end(reply)).listen(path);
  await once(other, "listening");
  onTestFinished(() => void other.close());
  await expect(askLocal(path, { v: 1, ask: "status" })).rejects.toThrow(message);
});

test("closed, it has no socket any more and answers no probe", async () => {
  const path = join(directory(), "doctor.sock");
  const made = doctor({ token, arm: "1m", socket: path });
  await expect.poll(() => existsSync(path)).toBe(true);
  const port = await serve(made);
  made.close();
  await expect.poll(() => existsSync(path)).toBe(false);
  expect(await isAnswered(port)).toBe(false);
});
