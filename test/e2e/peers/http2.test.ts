import { once } from "node:events";
import { connect, constants, createServer } from "node:http2";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { getClient, wherefrom } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../free-port.ts";
import { CLIENTS, FORGED } from "../platforms/recording.ts";
import { describeSuite } from "../requirement.ts";
import { HTTP2_SENDERS } from "./http2-senders.ts";
import { policyOf, type Service, startService } from "./service.ts";

type Family = keyof typeof CLIENTS;

/** Streams of one connection, honest ones and lying ones in turn, all open at the same time. */
const STREAMS = 6;

/** The service on node:http2, without TLS. */
async function startHttp2Service(policy: ReturnType<typeof policyOf>): Promise<Pick<Service, "port" | "stop">> {
  const server = createServer((message, response) => {
    const { client, stop } = getClient(message);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ path: message.url, version: message.httpVersion, client: client?.address, stop }));
  });
  wherefrom(server, policy);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, stop: () => void server.close() };
}

async function visit(port: number, family: Family): Promise<readonly unknown[]> {
  const host = family === "ipv4" ? "127.0.0.1" : "::1";
  const session = connect(`http://app.test:${port}`, {
    createConnection: () => connectTcp({ host, port, localAddress: CLIENTS[family] }),
  });
  try {
    return await Promise.all(
      Array.from({ length: STREAMS }, async (_, index) => {
        const lies = index % 2 === 0 ? {} : FORGED;
        const stream = session.request({ [constants.HTTP2_HEADER_PATH]: `/${family}/${index}`, ...lies });
        stream.setEncoding("utf8");
        let text = "";
        for await (const part of stream) text += String(part);
        return (JSON.parse(text) as { client?: string }).client;
      }),
    );
  } finally {
    session.close();
  }
}

describeSuite("peers", () => {
  test.each(HTTP2_SENDERS)(
    "$name, asked by HTTP/2, $towards towards the service: every stream's client is itself, honest or lying, over IPv4 and IPv6",
    async ({ rule, towards, start }) => {
      const policy = policyOf(rule);
      const service = await (towards === "HTTP/2" ? startHttp2Service(policy) : startService(policy));
      onTestFinished(() => service.stop());
      const port = await freePort("127.0.0.1");
      const sender = await start({ port, target: service.port });
      onTestFinished(sender.stop);
      for (const family of ["ipv4", "ipv6"] as const) {
        expect([family, ...new Set(await visit(port, family))]).toEqual([family, CLIENTS[family]]);
      }
    },
  );
});
