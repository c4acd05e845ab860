import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { auditTo, recordOf, subscribe, syslog } from "@wherefrom/audit";
import { SYSLOG_DATAGRAM_BYTES } from "@wherefrom/audit/internal";
import { expect, onTestFinished, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { VISIT_EVENTS, VISIT_LINES } from "./expectation.ts";
import { startServices } from "./services.ts";

/** PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG, as RFC 5424's grammar has them. */
const MESSAGE =
  /^<(?<priority>\d{1,3})>1 (?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) (?<host>[!-~]{1,255}) (?<app>[!-~]{1,48}) (?<process>\d{1,128}) (?<id>[!-~]{1,32}) - (?<text>CEF:0\|.*)$/;

/** What a receiver reads of a stream of octet-counted messages; undefined where it does not begin with a length. */
function readFrames(bytes: Buffer): string[] | undefined {
  const messages: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const [, digits] = /^([1-9]\d*) /.exec(bytes.subarray(at, at + 12).toString("latin1")) ?? [];
    if (digits === undefined) return undefined;
    const from = at + digits.length + 1;
    at = from + Number(digits);
    if (at > bytes.length) return undefined;
    messages.push(bytes.subarray(from, at).toString());
  }
  return messages;
}

function expectMessages(messages: readonly string[]): void {
  const parsed = messages.map((message) => MESSAGE.exec(message)?.groups ?? {});
  const told = parsed.map(({ id, text = "" }) => [id, /reason=(\S+)/.exec(text)?.[1]].filter(Boolean).join(" "));
  expect(told.toSorted()).toEqual(VISIT_EVENTS.toSorted());
  // authpriv is 10: 80 and the severity.
  expect(new Set(parsed.map(({ priority, id }) => `${id} ${priority}`))).toEqual(
    new Set(["login.location 85", "client.resolved 86", "login.anomaly 84", "client.rejected 84"]),
  );
  expect(parsed.filter(({ text }) => text?.includes(" src=203.0.113.7 spt=50000 "))).toHaveLength(4);
}

/** Listens until the test is over, and keeps everything that comes. */
async function receive(port = 0): Promise<{ server: Server; port: number; bytes: () => Buffer; sockets: Socket[] }> {
  const chunks: Buffer[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("data", (chunk) => chunks.push(chunk)).on("error", () => {});
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port, bytes: () => Buffer.concat(chunks), sockets };
}

describeSuite("audit", () => {
  test("syslog over TCP: every event is a message of RFC 5424 behind its length", async () => {
    const { port, bytes } = await receive();
    const sink = syslog({ host: "127.0.0.1", port });
    onTestFinished(auditTo(sink));
    const { visit } = await startServices();
    await visit();
    await expect.poll(() => sink.status.written).toBe(VISIT_LINES);
    await sink.close();
    await expect.poll(() => readFrames(bytes())?.length).toBe(VISIT_LINES);
    expectMessages(readFrames(bytes()) ?? []);
  });

  test("syslog over UDP: every event is a datagram", async () => {
    const messages: string[] = [];
    const server = createSocket("udp4", (payload) => messages.push(payload.toString())).bind(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const sink = syslog({ host: "127.0.0.1", port: server.address().port, transport: "udp" });
    onTestFinished(auditTo(sink));
    const { visit } = await startServices();
    await visit();
    await expect.poll(() => messages.length).toBe(VISIT_LINES);
    await sink.close();
    expectMessages(messages);
  });

  test("syslog over UDP: a long message is cut at a character, and nobody who listens is noticed", async () => {
    const messages: Buffer[] = [];
    const server = createSocket("udp4", (payload) => messages.push(payload)).bind(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address();
    const troubles: string[] = [];
    const sink = syslog({
      host: "127.0.0.1",
      port,
      transport: "udp",
      retryMs: 20,
      onTrouble: (trouble) => troubles.push(trouble),
    });
    sink.write(`x${"é".repeat(2000)}`);
    await expect.poll(() => messages.length).toBe(1);
    expect(messages[0]?.toString()).toBe(`x${"é".repeat((SYSLOG_DATAGRAM_BYTES - 1) >> 1)}`);
    server.close();
    // The kernel tells of a closed port when the next datagram is sent.
    await expect.poll(() => (sink.write("more"), sink.status.trouble)).toMatch(/ECONNREFUSED/);
    expect(troubles[0]).toContain("ECONNREFUSED");
    await sink.close(100);
  });

  test("syslog over TCP: a receiver that goes and comes back is sent what waited", async () => {
    const first = await receive();
    const troubles: string[] = [];
    const sink = syslog({
      host: "127.0.0.1",
      port: first.port,
      retryMs: 20,
      onTrouble: (trouble) => troubles.push(trouble),
    });
    sink.write("before");
    await expect.poll(() => first.bytes().toString()).toBe("6 before");
    first.server.close();
    for (const socket of first.sockets) socket.destroy();
    await expect.poll(() => sink.status.trouble).toBeDefined();
    sink.write("between");
    await expect.poll(() => sink.status.trouble).toMatch(/ECONNREFUSED/);
    const second = await receive(first.port);
    await expect.poll(() => second.bytes().toString()).toBe("7 between");
    await sink.close();
    expect(troubles.map((trouble) => trouble.replace(/port \d+/, "port"))).toEqual([
      "syslog at 127.0.0.1 port: it was closed; lines wait, and the oldest are lost",
      "syslog at 127.0.0.1 port: written again; 0 lines were lost",
    ]);
  });

  test("syslog: what a client writes ends no message and begins no field", async () => {
    const { port, bytes } = await receive();
    const sink = syslog({ host: "127.0.0.1", port, appName: "a b\n" });
    onTestFinished(
      subscribe("client.resolved", (event) => {
        const attack = "x\r\n<80>1 - - - - - CEF:0|forged|=\u001b[31m";
        sink.write(sink.format(recordOf({ ...event, request: { userAgent: attack, path: attack } })));
      }),
    );
    const { visit } = await startServices();
    await visit();
    await sink.close();
    await expect.poll(() => readFrames(bytes())?.length).toBe(8);
    for (const message of readFrames(bytes()) ?? []) {
      expect(message).toMatch(MESSAGE);
      expect(message).toContain(" ab ");
      expect(message).not.toMatch(/\p{Cc}/u);
      expect(message).toContain("request=x  <80>1 - - - - - CEF:0|forged|\\= [31m");
    }
  });
});
