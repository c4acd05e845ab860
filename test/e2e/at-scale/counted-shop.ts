import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { auditConfig, auditHttp, auditTo, countEvents, LoginGuard, syslog } from "@wherefrom/audit";
import { compilePolicy } from "@wherefrom/core";
import { getClient, wherefrom } from "@wherefrom/net";
import { freePort } from "../free-port.ts";

const PROXY = "127.0.0.1";
/** A neighbour that no rule names. */
const STRANGER = "127.0.0.2";
const PLACES: Readonly<Record<string, { readonly latitude: number; readonly longitude: number }>> = {
  "203.0.113.7": { latitude: 52.5, longitude: 13.4 },
  "203.0.113.8": { latitude: -33.9, longitude: 151.2 },
};
/** Bytes that wait for a SIEM that is not there, before the oldest are lost. */
const QUEUE_BYTES = 2048;

/** An HTTP server behind a proxy whose events are counted. Its audit goes to a SIEM over syslog, at a port where nobody listens. */
export interface CountedShop {
  /** Where OpenTelemetry's exporter tells the counts to Prometheus, as `host:port`. */
  readonly metrics: string;
  /** Requests of two clients, of a node's own address, of nobody and with garbage, and one of a stranger who says that he is a proxy. */
  readonly visit: () => Promise<void>;
  /** Two users log in from one address, and one of them from the other end of the world. */
  readonly travel: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startCountedShop(): Promise<CountedShop> {
  const metricsPort = await freePort(PROXY);
  const provider = new MeterProvider({ readers: [new PrometheusExporter({ host: PROXY, port: metricsPort })] });
  const sink = syslog({ host: PROXY, port: await freePort(PROXY), queueLimitBytes: QUEUE_BYTES, onTrouble: () => {} });
  const ends = [
    auditTo(sink),
    countEvents(provider.getMeter("wherefrom"), [sink]),
    auditHttp(),
    auditConfig({ floodRequests: 3 }),
  ];

  const guard = new LoginGuard({
    locate: (address) => PLACES[address],
    learningLogins: 1,
    sharedUsers: 1,
    sharedFailureShare: 0,
  });
  const server = createServer((request, response) => {
    const [, id] = /^\/login\/(\w+)$/.exec(request.url ?? "") ?? [];
    if (id !== undefined) guard.check({ user: { id }, resolution: getClient(request), success: true });
    response.end("hello");
  });
  const policy = compilePolicy({
    trust: [PROXY],
    from: "x-forwarded-for",
    silent: "unknown",
    infrastructure: ["10.244.0.0/16"],
  });
  wherefrom(server, policy).listen(0, PROXY);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  const ask = async (client: string | undefined, path = "/", localAddress = PROXY): Promise<void> => {
    const headers = client === undefined ? {} : { "x-forwarded-for": client };
    const request = get({ host: PROXY, port, localAddress, headers, agent: false, path });
    const [response] = (await once(request, "response")) as [NodeJS.ReadableStream];
    await once(response.resume(), "end");
  };
  return {
    metrics: `${PROXY}:${metricsPort}`,
    visit: async () => {
      for (const client of ["203.0.113.7", "203.0.113.8", "10.244.0.7", undefined, "garbage"]) await ask(client);
      await ask("203.0.113.9", "/", STRANGER);
    },
    travel: async () => {
      await ask("203.0.113.7", "/login/eve");
      await ask("203.0.113.7", "/login/adam");
      await ask("203.0.113.8", "/login/eve");
    },
    stop: async () => {
      server.close();
      for (const end of ends) end();
      await sink.close();
      await provider.shutdown();
    },
  };
}
