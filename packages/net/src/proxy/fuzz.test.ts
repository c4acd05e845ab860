import { createServer, type Server } from "node:net";
import { Duplex } from "node:stream";
import { compilePolicy } from "@wherefrom/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { getClientIp } from "../request/get-client.ts";
import { proxyStatus } from "./server.ts";
import { wherefrom } from "../wherefrom.ts";

/** Connections, as in the fuzzing of the parsers but fewer: each is a stream with its events. */
const RUNS = Number(process.env["WHEREFROM_FUZZ_RUNS"] || (process.env["CI"] === undefined ? 20_000 : 100_000)) / 20;

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });
const SIGNATURE = [...Buffer.from("0d0a0d0a000d0a515549540a", "hex")];
const V2 = [...SIGNATURE, ...Buffer.from("2111000ccb007107c633640ac40601bb", "hex")];
const V1 = [...Buffer.from("PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n")];

const part = fc.oneof(
  fc.constantFrom(V1, V2, SIGNATURE, V1.slice(0, 9), [0x20, 0, 0, 0], [...Buffer.from("GET / HTTP/1.1\r\n")]),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => [...bytes]),
);
const parts = fc
  .tuple(fc.constantFrom(V1, V2, []), fc.array(part, { maxLength: 4 }))
  .map(([first, others]) => [...first, ...others.flat()]);
const cuts = fc.array(fc.nat(80), { maxLength: 6 });
const ending = fc.constantFrom("end", "destroy", "error");

/** A connection from the balancer that brings these parts and then ends somehow. */
function stream(): Duplex {
  const duplex = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  return Object.defineProperty(duplex, "remoteAddress", { value: "127.0.0.1" });
}

async function play(
  server: Server,
  content: Buffer,
  cutsAt: number[],
  ends: "end" | "destroy" | "error",
): Promise<void> {
  const duplex = stream();
  const closed = new Promise((resolve) => duplex.on("close", resolve));
  server.emit("connection", duplex);
  let from = 0;
  for (const at of [...cutsAt.toSorted((a, b) => a - b), content.length]) {
    if (at > from && !duplex.destroyed) duplex.push(content.subarray(from, at));
    from = Math.max(from, at);
    await new Promise(setImmediate);
  }
  if (ends === "end" && !duplex.destroyed) duplex.push(null);
  if (ends !== "end") duplex.destroy(ends === "error" ? new Error("reset") : undefined);
  if (ends === "end") duplex.end();
  await closed;
}

test("whatever comes, however it is cut and however it ends, each connection is either seen with its bytes or refused with a reason", async () => {
  const rest = new Map<string, number>();
  let seen = 0;
  const server = createServer((socket) => {
    seen++;
    let length = 0;
    socket.on("error", () => {});
    socket.on("data", (part: Buffer) => (length += part.length));
    socket.on("end", () => rest.set("bytes", (rest.get("bytes") ?? 0) + length));
    expect(getClientIp(socket) ?? "127.0.0.1").toMatch(/^(203\.0\.113\.7|127\.0\.0\.1)$|:|\./);
  });
  wherefrom(server, policy, { proxyProtocol: { limitBytes: 200 } });
  let expected = 0;
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(parts, cuts, ending, async (bytes, cutsAt, ends) => {
      runs++;
      const content = Buffer.from(bytes);
      const before = { seen, bytes: rest.get("bytes") ?? 0 };
      await play(server, content, cutsAt, ends);
      if (seen === before.seen || ends !== "end") return;
      expected++;
      // Nothing that stood behind the header is lost, and nothing of the header is left.
      expect(headerLength(content) + (rest.get("bytes") ?? 0) - before.bytes).toBe(content.length);
    }),
    { numRuns: RUNS },
  );
  const status = proxyStatus(server)!;
  const refused = Object.values(status.refused).reduce((sum, count) => sum + count, 0);
  expect(status.waiting).toBe(0);
  expect(status.accepted).toBe(seen);
  expect(status.accepted + refused).toBe(runs);
  expect(Math.min(expected, refused)).toBeGreaterThan(RUNS / 20);
});

/** Told apart from the parser's own arithmetic: version 1 by its line's end, version 2 by its length. */
function headerLength(content: Buffer): number {
  return content[0] === 0x50 ? content.indexOf("\r\n") + 2 : 16 + content.readUInt16BE(14);
}
