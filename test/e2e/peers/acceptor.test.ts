import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connectWithProxyHeader, type SentProxyHeader } from "@wherefrom/net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Daemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";
import { describeSuite } from "../requirement.ts";
import { ACCEPTORS } from "./acceptor.ts";

const source = { address: "203.0.113.7", port: 50182 };
const destination = { address: "198.51.100.10", port: 443 };
const source6 = { address: "2001:db8::7", port: 50182 };
const destination6 = { address: "2001:db8::a", port: 443 };
const tlvs = [
  { type: 0x02, value: Buffer.from("example.com") },
  { type: 0xe9, value: Buffer.alloc(100) },
];

describeSuite("peers", () => {
  describe.each(ACCEPTORS)("what we write is read by $name", (acceptor) => {
    const service = createServer((message, response) => {
      response.setHeader("x-client", message.headers["x-forwarded-for"] ?? "none");
      response.end();
    });
    let daemon: Daemon;
    let port: number;
    let number = 0;
    beforeAll(async () => {
      service.listen(0, "127.0.0.1");
      await once(service, "listening");
      port = await freePort("127.0.0.1");
      daemon = await acceptor.start({ port, target: (service.address() as AddressInfo).port });
    });
    afterAll(async () => {
      await daemon?.stop();
      service.closeAllConnections();
      service.close();
    });

    /** The addresses that the program gives the client, one for each of two requests of a connection. */
    async function clientsOf(header: SentProxyHeader, host = "127.0.0.1"): Promise<readonly string[]> {
      const socket = connectWithProxyHeader({ host, port }, header);
      // Varnish would answer a path that it knows by itself.
      const paths = [`/${number++}`, `/${number++}`];
      const [first = "", last = ""] = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: app.test\r\n`);
      socket.write(`${first}\r\n${last}Connection: close\r\n\r\n`);
      let text = "";
      for await (const part of socket) text += String(part);
      return [...text.matchAll(/^x-client: (.*)\r$/gim)].map(([, client]) => client ?? "");
    }

    test.each<[title: string, SentProxyHeader, expected: string]>([
      ["version 1", { version: 1, source, destination }, source.address],
      ["version 1 over IPv6", { version: 1, source: source6, destination: destination6 }, source6.address],
      ["version 2", { source, destination }, source.address],
      ["version 2 over IPv6", { source: source6, destination: destination6 }, source6.address],
      ["a checksum", { source, destination, checksum: true }, source.address],
      ["fields", { source, destination, tlvs }, source.address],
      ["fields and a checksum", { source, destination, tlvs, checksum: true }, source.address],
      ["LOCAL: the connection's own address", {}, "127.0.0.1"],
    ])("%s", async (_title, header, expected) => {
      expect(await clientsOf(header)).toEqual([expected, expected]);
    });

    test.each<[title: string, SentProxyHeader, expected: string]>([
      ["version 1", { version: 1, source, destination }, source.address],
      ["version 2", { source: source6, destination: destination6 }, source6.address],
      ["LOCAL: the connection's own address", {}, "::1"],
    ])("%s, from a balancer that connects over IPv6", async (_title, header, expected) => {
      expect(await clientsOf(header, "::1")).toEqual([expected, expected]);
    });
  });
});
