import {
  MeterProvider,
  type MetricReader,
  PeriodicExportingMetricReader,
  InMemoryMetricExporter,
  AggregationTemporality,
} from "@opentelemetry/sdk-metrics";
import { countEvents, publish, Sink } from "@wherefrom/audit";
import { compilePolicy, resolve } from "@wherefrom/core";
import { expect, onTestFinished, test } from "vitest";

const policy = compilePolicy({ trust: ["10.0.0.9"], from: "x-forwarded-for" });

test("OpenTelemetry metrics have a few series, however many addresses, users and paths there are", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader: MetricReader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000_000 });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  const sink = new Sink("the sink", () => ({ deliver: async () => undefined }));
  onTestFinished(countEvents(provider.getMeter("wherefrom"), [sink]));
  for (let n = 0; n < 1000; n++) {
    const headers = { "x-forwarded-for": n % 10 === 0 ? "garbage" : `203.0.${n % 7}.${n % 251}` };
    const connection = { transport: "tcp", peer: "10.0.0.9", peerPort: 1000 + n, claims: [] } as const;
    const resolution = resolve({ connection, headers }, policy);
    const event = {
      time: new Date(),
      resolution,
      transport: "tcp",
      request: { path: `/${n}` },
      user: { id: `${n}` },
    } as const;
    publish({ name: "client.resolved", ...event, outcome: "success" });
    if (n % 10 === 0) publish({ name: "client.rejected", ...event, reason: "malformed-hop" });
    sink.write("line");
  }
  await sink.close();
  await reader.forceFlush();
  const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  const series = metrics.flatMap(({ descriptor, dataPoints }) =>
    dataPoints.map(({ attributes, value }) => [descriptor.name, value, attributes]),
  );
  const labels = { "network.transport": "tcp", "wherefrom.outcome": "success" };
  expect(series).toEqual([
    [
      "wherefrom.events",
      100,
      {
        ...labels,
        "wherefrom.event": "client.resolved",
        "wherefrom.method": "socket",
        "wherefrom.stop": "malformed-hop",
      },
    ],
    [
      "wherefrom.events",
      100,
      {
        ...labels,
        "wherefrom.event": "client.rejected",
        "wherefrom.method": "socket",
        "wherefrom.stop": "malformed-hop",
        "wherefrom.outcome": "unknown",
        "wherefrom.reason": "malformed-hop",
      },
    ],
    [
      "wherefrom.events",
      900,
      {
        ...labels,
        "wherefrom.event": "client.resolved",
        "wherefrom.method": "x-forwarded-for",
        "wherefrom.stop": "untrusted-hop",
      },
    ],
    ["wherefrom.sink.lines", 1000, { "wherefrom.sink": "the sink", "wherefrom.fate": "written" }],
    ["wherefrom.sink.lines", 0, { "wherefrom.sink": "the sink", "wherefrom.fate": "lost" }],
    ["wherefrom.sink.waiting", 0, { "wherefrom.sink": "the sink" }],
  ]);
});
