import { once } from "node:events";
import { createRequire } from "node:module";
import type * as Http from "node:http";
import type { AddressInfo } from "node:net";
import { HttpInstrumentation, type HttpInstrumentationConfig } from "@opentelemetry/instrumentation-http";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { otelHttpHooks } from "@wherefrom/audit";
import { compilePolicy } from "@wherefrom/core";
import { attach, wherefrom } from "@wherefrom/net";
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const instrumentation = new HttpInstrumentation();
instrumentation.setTracerProvider(provider);
// It changes node:http where that is required.
const http = createRequire(import.meta.url)("node:http") as typeof Http;

beforeEach(() => exporter.reset());
afterAll(() => {
  instrumentation.disable();
});

/** The attributes of the server's span of one request. */
async function spanOf(
  config: HttpInstrumentationConfig,
  header: string | undefined,
  prepare: (server: Http.Server) => void,
): Promise<Record<string, unknown>> {
  instrumentation.setConfig(config);
  const server = http.createServer((_request, response) => void response.end());
  prepare(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const headers = header === undefined ? {} : { "x-forwarded-for": header };
  const { port } = server.address() as AddressInfo;
  const request = http.get({ host: "127.0.0.1", port, headers, agent: false });
  const [response] = (await once(request, "response")) as [Http.IncomingMessage];
  response.resume();
  await once(response, "end");
  const isServers = (): boolean => exporter.getFinishedSpans().some(({ kind }) => kind === 1);
  await expect.poll(isServers).toBe(true);
  return { ...exporter.getFinishedSpans().find(({ kind }) => kind === 1)?.attributes };
}

const underPolicy = (server: Http.Server): void => void wherefrom(server, policy);
/** As a framework's middleware does it: the span has begun long before. */
const byMiddleware = (server: Http.Server): void =>
  void server.prependListener("request", (request) => void attach(request, policy));

describe("OpenTelemetry's HTTP instrumentation", () => {
  test("by itself takes what a visitor wrote for the client", async () => {
    const attributes = await spanOf({}, "6.6.6.6, 203.0.113.7", underPolicy);
    expect(attributes["client.address"]).toBe("6.6.6.6");
  });

  test.each([
    ["a server's policy", underPolicy],
    ["a middleware's policy", byMiddleware],
  ])("with our hooks records the client that %s proves", async (_, prepare) => {
    expect(await spanOf(otelHttpHooks, "6.6.6.6, 203.0.113.7:5555", prepare)).toMatchObject({
      "client.address": "203.0.113.7",
      "client.port": 5555,
      "network.peer.address": "127.0.0.1",
      "wherefrom.method": "x-forwarded-for",
      "wherefrom.stop": "untrusted-hop",
      "http.request.method": "GET",
    });
  });

  test("with our hooks records the peer where no client is proven, and where there is no policy", async () => {
    const garbage = await spanOf(otelHttpHooks, "6.6.6.6, garbage", underPolicy);
    expect(garbage).toMatchObject({ "client.address": "127.0.0.1", "wherefrom.stop": "malformed-hop" });
    exporter.reset();
    const uncovered = await spanOf(otelHttpHooks, "6.6.6.6", () => {});
    expect(uncovered["client.address"]).toBe("127.0.0.1");
    expect(uncovered).not.toHaveProperty("wherefrom.stop");
  });
});
