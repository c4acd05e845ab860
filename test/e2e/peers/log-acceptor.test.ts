import { createSocket } from "node:dgram";
import { encodeProxyV2 } from "@wherefrom/core/wire";
import { connectWithProxyHeader, type SentProxyHeader } from "@wherefrom/net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { Daemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";
import { describeSuite, describeUnless } from "../requirement.ts";
import { startPostfix } from "./postfix.ts";
import { LOG_ACCEPTORS, QUERY, startRecursor } from "./log-acceptor.ts";

const destination = { address: "198.51.100.10", port: 443 };
const destination6 = { address: "2001:db8::a", port: 443 };
/** Each case has a client of its own, which nothing else in the log names. */
const from = (host: number) => ({ address: `203.0.113.${host}`, port: 50_182 });
const from6 = (host: number) => ({ address: `2001:db8::${host}`, port: 50_182 });
const tlvs = [{ type: 0xe9, value: Buffer.alloc(100) }];
/** How long a program may take to write its log, in milliseconds: a loaded machine is slow. */
const LOG_LIMIT_MS = 60_000;

const HEADERS: readonly (readonly [title: string, SentProxyHeader])[] = [
  ["version 1", { version: 1, source: from(1), destination }],
  ["version 1 over IPv6", { version: 1, source: from6(2), destination: destination6 }],
  ["version 2", { source: from(3), destination }],
  ["version 2 over IPv6", { source: from6(4), destination: destination6 }],
  ["a checksum", { source: from(5), destination, checksum: true }],
  ["fields", { source: from(6), destination, tlvs }],
];

describeSuite("peers", () => {
  describe.each(LOG_ACCEPTORS)("what we write is read by $name", ({ start, says, logged, versions }) => {
    let daemon: Daemon;
    let port: number;
    beforeAll(async () => {
      port = await freePort("127.0.0.1");
      daemon = await start(port);
    });
    afterAll(async () => daemon?.stop());

    test.each(HEADERS.filter(([, { version = 2 }]) => versions.includes(version)))("%s", async (_title, header) => {
      const socket = connectWithProxyHeader({ host: "127.0.0.1", port }, header);
      onTestFinished(() => void socket.destroy());
      socket.on("error", () => {}).resume();
      socket.end(says);
      await vi.waitFor(() => expect(daemon.output()).toContain(logged(header.source?.address as string)), LOG_LIMIT_MS);
    });
  });

  describeUnless(process.getuid?.() === 0 ? undefined : "root is needed", "what we write is read by Postfix", () => {
    let daemon: Daemon;
    let port: number;
    beforeAll(async () => {
      port = await freePort("127.0.0.1");
      daemon = await startPostfix(port);
    });
    afterAll(async () => daemon?.stop());

    test.each([
      ...HEADERS.map(([title, header]) => [title, header, "127.0.0.1"] as const),
      ["version 2, from a balancer that connects over IPv6", { source: from6(9), destination: destination6 }, "::1"],
    ] as const)("%s", async (_title, header, host) => {
      const socket = connectWithProxyHeader({ host, port }, header);
      onTestFinished(() => void socket.destroy());
      let said = "";
      socket.on("error", () => {}).on("data", (data) => (said += String(data)));
      const named = `unknown[${header.source?.address}]`;
      await vi.waitFor(() => expect(said).toContain(`554 5.7.1 <${named}>: Client host rejected`), LOG_LIMIT_MS);
    });
  });

  describe("what we write is read by PowerDNS Recursor in a datagram", () => {
    let daemon: Daemon;
    let port: number;
    beforeAll(async () => {
      port = await freePort("127.0.0.1");
      daemon = await startRecursor(port);
    });
    afterAll(async () => daemon?.stop());

    test.each([
      ["of IPv4", from(7), destination, "203.0.113.7:50182"],
      ["of IPv6", from6(8), destination6, "[2001:db8::8]:50182"],
    ] as const)("a client %s", async (_title, source, target, named) => {
      const header = encodeProxyV2({ source, destination: target, transport: "datagram" });
      const socket = createSocket("udp4");
      onTestFinished(() => void socket.close());
      socket.send(Buffer.concat([header, QUERY]), port, "127.0.0.1");
      await vi.waitFor(() => {
        expect(daemon.output()).toMatch(/proto="udp"/);
        expect(daemon.output()).toContain(`remote="${named} (proxied by`);
      }, LOG_LIMIT_MS);
    });
  });
});
