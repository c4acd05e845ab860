import { checkValue, having, listOf } from "@wherefrom/core/internal";
import { AUDIT_EVENT_NAMES, type AuditEvent, subscribe } from "../event/event.ts";
import { SINK } from "../event/shapes.ts";
import type { Sink } from "../sinks/sink.ts";

type Labels = Record<string, string>;

interface Observable {
  addCallback(callback: (result: { observe(value: number, labels: Labels): void }) => void): void;
  removeCallback(callback: (result: { observe(value: number, labels: Labels): void }) => void): void;
}

/** What is used of a Meter of @opentelemetry/api. */
export interface OtelMeter {
  createCounter(
    name: string,
    options: { description: string; unit: string },
  ): { add(value: number, labels: Labels): void };
  createObservableCounter(name: string, options: { description: string; unit: string }): Observable;
  createObservableGauge(name: string, options: { description: string; unit: string }): Observable;
}

const METER = having(
  "a Meter of @opentelemetry/api",
  "createCounter",
  "createObservableCounter",
  "createObservableGauge",
);
const SINKS = listOf(SINK);

/**
 * Counts events, and what became of the lines of these sinks, from now on; the answer ends it. Every label has a closed set of words: never an address, a user or a path, of
 * which each would make a series of its own. Of a sampled event those that were told are counted.
 */
export function countEvents(meter: OtelMeter, sinks: readonly Sink[] = []): () => void {
  checkValue("countEvents: the meter", meter, METER);
  checkValue("countEvents: the sinks", sinks, SINKS);
  const events = meter.createCounter("wherefrom.events", { description: "Audit events", unit: "{event}" });
  const end = subscribe(AUDIT_EVENT_NAMES, (event) => events.add(1, labelsOf(event)));
  const lines = meter.createObservableCounter("wherefrom.sink.lines", {
    description: "Lines that a sink has taken or lost",
    unit: "{line}",
  });
  const waiting = meter.createObservableGauge("wherefrom.sink.waiting", {
    description: "Bytes that wait for a sink",
    unit: "By",
  });
  const observeLines: Parameters<Observable["addCallback"]>[0] = (result) => {
    for (const { name, status } of sinks) {
      result.observe(status.written, { "wherefrom.sink": name, "wherefrom.fate": "written" });
      result.observe(status.lost, { "wherefrom.sink": name, "wherefrom.fate": "lost" });
    }
  };
  const observeWaiting: Parameters<Observable["addCallback"]>[0] = (result) => {
    for (const { name, status } of sinks) result.observe(status.waitingBytes, { "wherefrom.sink": name });
  };
  lines.addCallback(observeLines);
  waiting.addCallback(observeWaiting);
  return () => {
    end();
    lines.removeCallback(observeLines);
    waiting.removeCallback(observeWaiting);
  };
}

function labelsOf(event: AuditEvent): Labels {
  const labels: Labels = { "wherefrom.event": event.name };
  if (event.name === "traffic.surge") return labels;
  if (event.name === "config.warning") return { ...labels, "wherefrom.reason": event.warning.code };
  const { resolution, transport, outcome = "unknown", reason } = event;
  const { method, stop } = resolution;
  Object.assign(labels, { "network.transport": transport, "wherefrom.method": method, "wherefrom.stop": stop });
  labels["wherefrom.outcome"] = outcome;
  if (reason !== undefined) labels["wherefrom.reason"] = reason;
  return labels;
}
