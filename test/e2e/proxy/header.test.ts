import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { compilePolicy, type Resolution } from "@wherefrom/core";
import { readProxyDetails } from "@wherefrom/core/wire";
import { connectWithProxyHeader, getClient, type SentProxyHeader, wherefrom } from "@wherefrom/net";
import { afterAll, assert, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Certificate, makeCertificate } from "../certificate.ts";
import type { Daemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";
import { startHaproxy } from "../haproxy.ts";
import { startNginx } from "../nginx.ts";
import { describeSuite } from "../requirement.ts";
import { BALANCER, FLAVOURS, startBalancer, VISITOR } from "./balancer.ts";
import { KINDS } from "./kind.ts";

const policy = compilePolicy({ trust: [BALANCER], from: "proxy-protocol" });

describeSuite("proxy", () => {
  let certificate: Certificate;
  beforeAll(() => {
    certificate = makeCertificate([BALANCER, "::1"]);
  });
  afterAll(() => certificate?.remove());

  /** A server behind headers, which keeps what it found out about its connections. */
  async function listen(): Promise<{
    readonly port: number;
    readonly resolutions: Resolution[];
    readonly server: Server;
  }> {
    const resolutions: Resolution[] = [];
    const server = createServer((socket) => {
      resolutions.push(getClient(socket));
      socket.on("error", () => {}).once("data", () => socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"));
    });
    wherefrom(server, policy, { proxyProtocol: "required" }).listen(0, BALANCER);
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return { port: (server.address() as AddressInfo).port, resolutions, server };
  }

  describe("the fields of HAProxy's header", () => {
    async function resolve(title: keyof typeof FLAVOURS): Promise<Resolution> {
      const { port, resolutions } = await listen();
      const flavour = FLAVOURS[title];
      const balancer = await startBalancer(flavour, port, certificate);
      onTestFinished(() => balancer.daemon.stop());
      const visit = { host: BALANCER, port: balancer.port };
      const { text, port: own } = await askOnce(visit, "endsTls" in flavour ? certificate.text : undefined);
      expect(text).toContain("ok");
      // Whoever waited for the balancer to listen is passed on as well, before or after the visitor: each has a port of its own.
      const resolution = resolutions.find(({ client }) => client?.address === VISITOR && client.port === own);
      assert(resolution, `no connection has the client ${VISITOR} port ${own}`);
      expect(resolution.hops[1]?.claim?.tlvs?.map(({ type }) => type).toSorted((a, b) => a - b)).toEqual(
        flavour.fields,
      );
      return resolution;
    }

    /** The answer, and the port that we asked from. */
    async function askOnce(
      { host, port }: { host: string; port: number },
      ca: string | undefined,
    ): Promise<{ readonly text: string; readonly port: number | undefined }> {
      const carrier = connect({ host, port, localAddress: VISITOR });
      await once(carrier, "connect");
      const own = carrier.localPort;
      const socket =
        ca === undefined
          ? carrier
          : connectTls({
              socket: carrier,
              ca,
              ALPNProtocols: ["http/1.1"],
              servername: "service.example",
              checkServerIdentity: () => undefined,
            });
      socket.write("hello");
      let text = "";
      for await (const part of socket) text += String(part);
      return { text, port: own };
    }

    test("a checksum is right", async () => {
      expect((await resolve("HAProxy with CRC32c")).client?.address).toBe(VISITOR);
    });

    test("a unique id arrives: here the visitor's own address and port", async () => {
      const { client, hops } = await resolve("HAProxy with a unique id");
      const { uniqueId } = readProxyDetails(hops[1]!.claim!.tlvs!);
      expect(Buffer.from(uniqueId!).toString()).toBe(`7F000009:${client!.port!.toString(16).toUpperCase()}`);
    });

    test("the visitor's TLS is told: version, cipher, keys, the name that was asked for", async () => {
      const { client, hops } = await resolve("HAProxy with TLS fields");
      const { alpn, authority, ssl } = readProxyDetails(hops[1]!.claim!.tlvs!);
      expect(client?.address).toBe(VISITOR);
      expect([Buffer.from(alpn!).toString(), authority]).toEqual(["http/1.1", "service.example"]);
      expect(ssl).toMatchObject({
        isTls: true,
        certificateOnConnection: false,
        version: "TLSv1.3",
        keyAlgorithm: "EC256",
      });
      expect(ssl?.cipher).toMatch(/^TLS_/);
      expect(ssl?.signatureAlgorithm).toMatch(/SHA256/);
    });
  });

  test("HAProxy's health check is the balancer itself: stop self, and no client", async () => {
    const { port, resolutions } = await listen();
    const own = await freePort(BALANCER);
    const section = `listen balancer\n  mode tcp\n  option httpchk\n  bind ${BALANCER}:${own}\n  server service ${BALANCER}:${port} send-proxy-v2 check inter 100ms`;
    const daemon = await startHaproxy(section, [{ host: BALANCER, port: own }]);
    onTestFinished(() => daemon.stop());
    // Who asked whether HAProxy is up came through it as well, before or after the first check.
    const check = await vi.waitUntil(() => resolutions.find(({ stop }) => stop === "self"), 30_000);
    expect(check.client).toBeUndefined();
    expect(check.nearest?.address).toBe(BALANCER);
    expect(check.hops.map(({ format }) => format)).toEqual(["tcp", "proxy-v2"]);
  });

  test("curl --haproxy-protocol names itself", async () => {
    const server = await KINDS["http"]!.create(policy, certificate);
    wherefrom(server, policy, { proxyProtocol: "required" }).listen(0, BALANCER);
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const url = `http://${BALANCER}:${(server.address() as AddressInfo).port}/`;
    const { stdout } = await promisify(execFile)("curl", ["--silent", "--show-error", "--haproxy-protocol", url]);
    const refusal = await promisify(execFile)("curl", ["--silent", "--show-error", url]).catch((error: Error) => error);
    expect(JSON.parse(stdout)).toMatchObject({ hops: [`tcp ${BALANCER}`, `proxy-v1 ${BALANCER}`], isConsumed: true });
    expect(refusal).toMatchObject({ message: expect.stringMatching(/Empty reply|reset by peer/) as string });
  });

  describe("what we write is read by others", () => {
    const source = { address: "203.0.113.7", port: 50182 };
    const destination = { address: "198.51.100.10", port: 443 };
    const source6 = { address: "2001:db8::7", port: 50182 };
    const destination6 = { address: "2001:db8::a", port: 443 };
    const tlvs = [
      { type: 0x02, value: Buffer.from("example.com") },
      { type: 0xe9, value: Buffer.alloc(100) },
    ];
    const readers: Readonly<Record<string, { start: (port: number) => Promise<Daemon> }>> = {
      HAProxy: {
        start: (port) =>
          startHaproxy(
            `frontend reader\n  bind ${BALANCER}:${port} accept-proxy\n  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]"`,
            [{ host: BALANCER, port }],
          ),
      },
      nginx: {
        start: (port) =>
          startNginx(
            {
              http: `server { listen ${BALANCER}:${port} proxy_protocol; location / { return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port"; } }`,
            },
            [{ host: BALANCER, port }],
          ),
      },
    };

    for (const [name, reader] of Object.entries(readers)) {
      describe(`by ${name}`, () => {
        let daemon: Daemon;
        let port: number;
        beforeAll(async () => {
          port = await freePort(BALANCER);
          daemon = await reader.start(port);
        });
        afterAll(() => daemon?.stop());

        const told = "203.0.113.7 50182 198.51.100.10 443";
        test.each<[title: string, SentProxyHeader, expected: string]>([
          ["version 1", { version: 1, source, destination }, told],
          [
            "version 1 over IPv6",
            { version: 1, source: source6, destination: destination6 },
            "2001:db8::7 50182 2001:db8::a 443",
          ],
          ["version 2", { source, destination }, told],
          ["version 2 over IPv6", { source: source6, destination: destination6 }, "2001:db8::7 50182 2001:db8::a 443"],
          ["a checksum", { source, destination, checksum: true }, told],
          ["fields", { source, destination, tlvs }, told],
          ["fields and a checksum", { source, destination, tlvs, checksum: true }, told],
        ])("%s", async (_title, header, expected) => {
          expect(await ask(port, header)).toContain(expected);
        });

        test("LOCAL leaves the connection's own addresses", async () => {
          const reply = await ask(port, {});
          expect(reply).toMatch(/^HTTP\/1\.1 200/);
          expect(reply).not.toContain("203.0.113.7");
        });
      });
    }

    async function ask(port: number, header: SentProxyHeader): Promise<string> {
      const socket: Socket = connectWithProxyHeader({ host: BALANCER, port }, header);
      socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      let text = "";
      for await (const part of socket) text += String(part);
      return text;
    }
  });
});
