import { createSocket } from "node:dgram";
import { once } from "node:events";
import { compilePolicy } from "@wherefrom/core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Certificate, makeCertificate } from "../certificate.ts";
import { freePort } from "../free-port.ts";
import { describeSuite } from "../requirement.ts";
import { startDnsBackend, startRawBackend } from "./dns-backend.ts";
import { questionFor } from "./dns-message.ts";
import { askDns, type DnsTransport } from "./dns-visitor.ts";
import { type BackendTransport, type DnsPorts, portFor, startDnsdist } from "./dnsdist.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });
/** Where clients ask from, and dnsdist's address that they ask. */
const CLIENTS = [
  { from: "127.0.0.5", host: "127.0.0.1" },
  { from: "::1", host: "::1" },
] as const;
const CLIENT_TRANSPORTS: readonly DnsTransport[] = ["udp", "tcp", "dot", "doh"];
/** How often, and how long, is waited for what comes by itself, in milliseconds. */
const WAIT = { interval: 50, timeout: 30_000 } as const;
const SIGNATURE = "0d0a0d0a000d0a515549540a";
/** Where the family stands in a header that is written in hex. */
const FAMILY_DIGIT = 26;
/** 198.51.100.66 port 4660, to 127.0.0.1 port 53. */
const LIE = Buffer.from(`${SIGNATURE}2111000cc63364427f00000112340035`, "hex");

/**
 * What dnsdist 1.7 writes, by client and backend: bytes 13 and 14, the length, and the addresses without the ports. The transport is the client's: over a datagram `11` for
 * a client over HTTP, over a connection `12` for one over UDP. It passes on what came over TCP or TLS over TCP, whatever the backend.
 */
const RECORDED: Readonly<Record<string, string>> = {
  "udp 127.0.0.5 udp": "2112000c7f0000057f000001",
  "udp ::1 udp": `21220024${"0".repeat(31)}1${"0".repeat(31)}1`,
  "tcp 127.0.0.5 udp": "2111000c7f0000057f000001",
  "tcp ::1 udp": `21210024${"0".repeat(31)}1${"0".repeat(31)}1`,
  "dot 127.0.0.5 udp": "2111000c7f0000057f000001",
  "dot ::1 udp": `21210024${"0".repeat(31)}1${"0".repeat(31)}1`,
  "doh 127.0.0.5 udp": "2111000c7f0000057f000001",
  "doh ::1 udp": `21210024${"0".repeat(31)}1${"0".repeat(31)}1`,
  "udp 127.0.0.5 tcp": "2112000c7f0000057f000001",
  "udp ::1 tcp": `21220024${"0".repeat(31)}1${"0".repeat(31)}1`,
  "tcp 127.0.0.5 tcp": "2111000c7f0000057f000001",
  "tcp ::1 tcp": `21210024${"0".repeat(31)}1${"0".repeat(31)}1`,
  "dot 127.0.0.5 tcp": "2111000c7f0000057f000001",
  "dot ::1 tcp": `21210024${"0".repeat(31)}1${"0".repeat(31)}1`,
  "doh 127.0.0.5 tcp": "2111000c7f0000057f000001",
  "doh ::1 tcp": `21210024${"0".repeat(31)}1${"0".repeat(31)}1`,
};

describeSuite("peers", () => {
  let certificate: Certificate;
  beforeAll(() => {
    certificate = makeCertificate(["127.0.0.1", "::1"]);
  });
  afterAll(() => certificate?.remove());

  async function startInFront(backend: number, asks: BackendTransport): Promise<DnsPorts> {
    const [plain = 0, dot = 0, doh = 0] = await Promise.all([1, 2, 3].map(() => freePort("127.0.0.1")));
    const ports = { plain, dot, doh };
    const daemon = await startDnsdist({ ports, backend, certificate, asks });
    onTestFinished(() => daemon.stop());
    return ports;
  }

  describe.each<BackendTransport>(["udp", "tcp"])("dnsdist asks its backend over %s", (asks) => {
    test("the header is the one that was recorded, for every client", async () => {
      const backend = await startRawBackend();
      onTestFinished(() => backend.stop());
      const ports = await startInFront(backend.port, asks);
      const seen: Record<string, string> = {};
      for (const transport of CLIENT_TRANSPORTS) {
        for (const client of CLIENTS) {
          const name = `record-${transport}-${client.from.includes(":") ? 6 : 4}.test`;
          await askDns({ ...client, transport, port: portFor(ports, transport), names: [name] });
          const hex = backend.headers.get(name)?.toString("hex") ?? "";
          const isIpv4 = hex[FAMILY_DIGIT] === "1";
          seen[`${transport} ${client.from} ${asks}`] = hex.slice(SIGNATURE.length, isIpv4 ? 48 : 96);
        }
      }
      const expected = Object.entries(RECORDED).filter(([key]) => key.endsWith(` ${asks}`));
      expect(seen).toEqual(Object.fromEntries(expected));
    });

    test("every honest client is named with its port, also for several questions at once; a health check has none", async () => {
      const backend = await startDnsBackend(policy);
      onTestFinished(() => backend.stop());
      const ports = await startInFront(backend.port, asks);
      for (const transport of CLIENT_TRANSPORTS) {
        for (const client of CLIENTS) {
          const names = ["one", "two", "three"].map((word) => `${word}.${transport}.${client.host.length}.test`);
          const port = await askDns({ ...client, transport, port: portFor(ports, transport), names });
          for (const name of names) {
            const sender = backend.senders.get(name);
            expect([transport, sender?.client?.address, sender?.client?.port]).toEqual([transport, client.from, port]);
            expect(sender?.hops[1]?.claim?.transport).toBe(transport === "udp" ? "datagram" : "stream");
          }
        }
      }
      const check = await vi.waitUntil(() => backend.senders.get("a.root-servers.net"), WAIT);
      expect([check.client, check.stop]).toEqual([undefined, "self"]);
    });
  });

  test("a datagram or a connection past dnsdist, with a header of its own, names nothing but its sender", async () => {
    const backend = await startDnsBackend(compilePolicy({ trust: ["192.0.2.1"], from: "proxy-protocol" }));
    onTestFinished(() => backend.stop());
    const visit = { from: "127.0.0.5", host: "127.0.0.1", port: backend.port, prefix: LIE };
    const socket = createSocket("udp4");
    onTestFinished(() => void socket.close());
    socket.bind(0, visit.from);
    await once(socket, "listening");
    await vi.waitUntil(() => {
      socket.send(Buffer.concat([LIE, questionFor("lie.test", 1)]), backend.port, visit.host);
      return backend.senders.size > 0;
    }, WAIT);
    expect([...backend.senders.values()].map(({ client }) => client?.address)).toEqual([visit.from]);
    await expect(askDns({ ...visit, transport: "tcp", names: ["lie.test"] })).rejects.toThrow(
      /, 0 of 1|ECONNRESET|EPIPE/,
    );
    expect(backend.senders.size).toBe(1);
  });
});
