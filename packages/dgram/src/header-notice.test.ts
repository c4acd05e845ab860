import { once } from "node:events";
import { createSocket as createPlainSocket } from "node:dgram";
import { compilePolicy } from "@wherefrom/core";
import { operatorNotices } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { createSocket } from "./create-socket.ts";
import type { UdpFormat } from "./udp-format.ts";

const HEADER = "0d0a0d0a000d0a515549540a2112000ccb007107c633640ac40601bb";
const LINE = Buffer.from("PROXY TCP4 203.0.113.7 198.51.100.10 1 2\r\nping").toString("hex");
const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });

/** What is told of a socket that these datagrams reach, each sent twice. */
async function told(udp: UdpFormat, datagrams: readonly string[]): Promise<readonly string[]> {
  const socket = createSocket({ type: "udp4", udp }, policy);
  const sender = createPlainSocket("udp4");
  onTestFinished(() => {
    socket.close();
    sender.close();
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const before = operatorNotices().length;
  for (const hex of [...datagrams, ...datagrams]) {
    const arrived = once(socket, "message");
    sender.send(Buffer.from(hex, "hex"), socket.address().port, "127.0.0.1");
    await arrived;
  }
  return operatorNotices()
    .slice(before)
    .map(({ code, detail }) => `${code}: ${detail}`);
}

test("a line of version 1 before a datagram is told once, with what came", async () => {
  for (const udp of ["proxy-v2", { format: "proxy-v2", sends: "first-of-flow" }] as const) {
    expect(await told(udp, [LINE])).toEqual([
      expect.stringMatching(
        /^proxy-header-broken: a datagram from 127\.0\.0\.1 begins with a PROXY header of version 1: "PROXY TCP4 203\.0" came\./,
      ),
    ]);
  }
});

test("a header that is missing or broken is told once for each reason", async () => {
  const bad = [HEADER.replace("2112", "3112"), HEADER.replace("2112", "2152")];
  expect(await told("proxy-v2", ["70696e67", ...bad])).toEqual([
    expect.stringMatching(/^proxy-header-missing: a datagram from 127\.0\.0\.1 .*"ping" came\. .*"first-of-flow"/),
    expect.stringMatching(/^proxy-header-broken: .*\(bad-version\)/),
    expect.stringMatching(/^proxy-header-broken: .*\(bad-family\)/),
  ]);
});

test("nothing is told of whole headers, and of later datagrams of a flow that come without", async () => {
  expect(await told("proxy-v2", [`${HEADER}70696e67`])).toEqual([]);
  expect(await told({ format: "proxy-v2", sends: "first-of-flow" }, [`${HEADER}70`, "70696e67"])).toEqual([]);
});
