import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { compilePolicy, type Resolution } from "@wherefrom/core";
import { getClient, wherefrom } from "@wherefrom/net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Certificate, makeCertificate } from "../certificate.ts";
import { freePort } from "../free-port.ts";
import { describeSuite } from "../requirement.ts";
import { type Relay, RELAYS } from "./relay.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });
const CLIENTS = [
  { from: "127.0.0.5", host: "127.0.0.1" },
  { from: "::1", host: "::1" },
] as const;
type Client = (typeof CLIENTS)[number];
const SIGNATURE = "0d0a0d0a000d0a515549540a";

/** The line, with the ports as 0. stunnel and hitch write the same one. */
const LINES = ["PROXY TCP4 127.0.0.5 127.0.0.1 0 0\r\n", "PROXY TCP6 ::1 ::1 0 0\r\n"] as const;
/** The field of TLS: SSL, no certificate, TLSv1.3, TLS_AES_256_GCM_SHA384. The word behind the client's flags is 1, because hitch asked for no certificate. */
const TLS_FIELD = "2000280100000001210007544c5376312e33230016544c535f4145535f3235365f47434d5f534841333834";
/** What each one writes, version 2 in hex, without the client's port and its own. */
const RECORDED: Readonly<Record<string, readonly [ipv4: string, ipv6: string]>> = {
  "hitch, write-proxy-v1": LINES,
  "hitch, write-proxy-v2": [
    `${SIGNATURE}211100377f0000057f00000100000000${TLS_FIELD}`,
    `${SIGNATURE}2121004f${"0".repeat(31)}1${"0".repeat(31)}100000000${TLS_FIELD}`,
  ],
  "stunnel, protocol = proxy": LINES,
};

/** What a client writes at the beginning of its encrypted bytes, to be taken for another one. */
const LIES: readonly Buffer[] = [
  Buffer.from("PROXY TCP4 198.51.100.66 127.0.0.1 4660 80\r\n"),
  Buffer.from(`${SIGNATURE}2111000cc63364427f00000112340050`, "hex"),
];

describeSuite("peers", () => {
  let certificate: Certificate;
  beforeAll(() => {
    certificate = makeCertificate(["127.0.0.1", "::1"]);
  });
  afterAll(() => certificate?.remove());

  async function startInFront(relay: Relay, target: number): Promise<number> {
    const port = await freePort("127.0.0.1");
    const daemon = await relay.start({ port, target, certificate });
    onTestFinished(() => daemon.stop());
    return port;
  }

  /** Sends the bytes through TLS, and answers what came back, and the port that it sent from. */
  async function converse(port: number, client: Client, bytes: Buffer): Promise<{ text: string; own: number }> {
    const carrier = connect({ host: client.host, port, localAddress: client.from });
    await once(carrier, "connect");
    const own = carrier.localPort ?? 0;
    const socket = connectTls({ socket: carrier, ca: certificate.text, checkServerIdentity: () => undefined });
    socket.write(bytes);
    let text = "";
    try {
      for await (const chunk of socket) text += String(chunk);
    } catch (error) {
      // A server that refuses what it reads resets the connection.
      if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
    }
    return { text, own };
  }

  const request = (path: string, last = false): string =>
    `GET ${path} HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-For: 198.51.100.66\r\n${last ? "Connection: close\r\n" : ""}\r\n`;

  describe.each(RELAYS)("$name", (relay) => {
    test("the header is the one that was recorded", async () => {
      const seen = new Map<number, Buffer>();
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket.on("error", () => {}));
        let bytes = Buffer.alloc(0);
        socket.on("data", (chunk) => {
          bytes = Buffer.concat([bytes, chunk as Buffer]);
          const end = bytes.indexOf("hello");
          if (end === -1) return;
          seen.set(seen.size, bytes.subarray(0, end));
          socket.end("world");
        });
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => void server.close());
      const port = await startInFront(relay, (server.address() as AddressInfo).port);
      const headers: string[] = [];
      for (const [index, client] of CLIENTS.entries()) {
        const { own } = await converse(port, client, Buffer.from("hello"));
        headers.push(withoutPorts(seen.get(index) ?? Buffer.alloc(0), own, port));
      }
      for (const socket of sockets) socket.destroy();
      expect(headers).toEqual(RECORDED[relay.name]);
    });

    test("the honest client and the liar are themselves, on a kept connection and with pipelined requests", async () => {
      const resolutions: Resolution[] = [];
      const server = createHttpServer((message, response) => {
        resolutions.push(getClient(message));
        response.end("seen");
      });
      wherefrom(server, policy, { proxyProtocol: "required" }).listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      const port = await startInFront(relay, (server.address() as AddressInfo).port);
      for (const client of CLIENTS) {
        resolutions.length = 0;
        const { own } = await converse(port, client, Buffer.from(request("/1") + request("/2") + request("/3", true)));
        const named = resolutions.map(({ client: named }) => `${named?.address} ${named?.port}`);
        expect(named).toEqual(Array.from({ length: 3 }, () => `${client.from} ${own}`));
        for (const lie of LIES) {
          resolutions.length = 0;
          const { text } = await converse(port, client, Buffer.concat([lie, Buffer.from(request("/lie", true))]));
          // The second header is no request.
          expect([resolutions.length, /^HTTP\/1\.1 400|^$/.test(text)]).toEqual([0, true]);
        }
      }
    });
  });
});

/** The header in hex, or as text where it is a line; the two ports as zeros. */
function withoutPorts(header: Buffer, client: number, own: number): string {
  if (header.toString("latin1", 0, 5) === "PROXY")
    return header.toString("latin1").replace(` ${client} `, " 0 ").replace(` ${own}\r`, " 0\r");
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(client, 0);
  ports.writeUInt16BE(own, 2);
  return header.toString("hex").replace(ports.toString("hex"), "00000000");
}
