import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { auditToLogger, countEvents } from "@wherefrom/audit";
import { expect, onTestFinished, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { VISIT_LINES } from "./expectation.ts";
import { expectLogRecords, recordsOf } from "./log-records.ts";
import { startReceiver } from "./receiver.ts";
import { startServices } from "./services.ts";

interface MetricsRequest {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { readonly name: string; readonly sum?: { readonly dataPoints: readonly Point[] } }[];
    }[];
  }[];
}

interface Point {
  readonly asDouble?: number;
  readonly asInt?: string;
  readonly attributes: readonly { readonly key: string }[];
}

describeSuite("audit", () => {
  test("OpenTelemetry's SDK: every event is a log record that its exporter sends", async () => {
    const { origin, received } = await startReceiver();
    const exporter = new OTLPLogExporter({ url: `${origin}/v1/logs` });
    const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
    onTestFinished(() => provider.shutdown());
    onTestFinished(auditToLogger(provider.getLogger("audit")));
    const { visit } = await startServices();
    await visit();
    await provider.forceFlush();
    await expect.poll(() => recordsOf(received)).toHaveLength(VISIT_LINES);
    expectLogRecords(recordsOf(received));
  });

  test("OpenTelemetry's SDK: events are counted by words of closed sets, and its exporter sends the counts", async () => {
    const { origin, received } = await startReceiver();
    const exporter = new OTLPMetricExporter({ url: `${origin}/v1/metrics` });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000_000 });
    const provider = new MeterProvider({ readers: [reader] });
    onTestFinished(countEvents(provider.getMeter("wherefrom")));
    const { visit } = await startServices();
    await visit();
    await provider.shutdown();
    const { body = "" } = received[0] ?? {};
    const metrics = (JSON.parse(body) as MetricsRequest).resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap((scope) => scope.metrics),
    );
    const points = metrics.find(({ name }) => name === "wherefrom.events")?.sum?.dataPoints ?? [];
    const total = points.reduce((sum, { asInt, asDouble }) => sum + Number(asInt ?? asDouble), 0);
    expect(total).toBe(VISIT_LINES);
    expect(body).not.toMatch(/203\.0\.113|127\.0\.0|token/);
    const keys = new Set(points.flatMap(({ attributes }) => attributes.map(({ key }) => key)));
    expect([...keys].toSorted()).toEqual([
      "network.transport",
      "wherefrom.event",
      "wherefrom.method",
      "wherefrom.outcome",
      "wherefrom.reason",
      "wherefrom.stop",
    ]);
  });
});
