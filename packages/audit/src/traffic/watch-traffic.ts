import { checkOptions } from "@wherefrom/core/internal";
import { isHeard, publish, subscribe } from "../event/event.ts";
import type { Surge, SurgeDimension } from "../event/surge.ts";
import {
  type CountedSurge,
  STEP_MS,
  SURGE_SHAPES,
  SurgeDetector,
  type SurgeDetectorOptions,
} from "./surge-detector.ts";
import { UsualSources } from "./usual-sources.ts";
import { type TrafficReport, TrafficWindow, type TrafficWindowOptions, WINDOW_SHAPES } from "./traffic-window.ts";

/** Options of the window, and of what is a surge. */
export interface TrafficWatchOptions extends TrafficWindowOptions, SurgeDetectorOptions {}

/** A window that every request of the process is counted in. */
export interface TrafficWatch {
  /** Of the last minute (or `windowMs`). */
  readonly report: (top?: number) => TrafficReport;
  /** Requests a second that are usual, to be the option of that name of the next process; undefined until something is. */
  readonly baselinePerSecond: () => number | undefined;
  /** Counts no more. */
  readonly close: () => void;
}

/** Contributors that stand in an event. */
const EVENT_TOP = 10;
const EVENT_DIMENSIONS: readonly SurgeDimension[] = [
  "address",
  "prefix",
  "asn",
  "country",
  "path",
  "user-agent",
  "peer",
];

/**
 * From now on every `client.resolved` is counted, and a surge is published as `traffic.surge` when it begins and when it is over, with the contributors of the window at that time. Where events are
 * sampled, the sample is counted.
 */
export function watchTraffic(options: TrafficWatchOptions = {}): TrafficWatch {
  checkOptions<TrafficWatchOptions>("watchTraffic", options, { ...WINDOW_SHAPES, ...SURGE_SHAPES });
  const {
    now = Date.now,
    factor,
    leastPerSecond,
    stepMs = STEP_MS,
    baselinePerSecond,
    adoptAfterMs,
    ...rest
  } = options;
  const window = new TrafficWindow({ now, ...rest });
  const detector = new SurgeDetector({ factor, leastPerSecond, stepMs, baselinePerSecond, adoptAfterMs });
  const usual = new UsualSources(stepMs);
  const tell = (surge: CountedSurge | undefined): void => {
    if (surge?.change === "begun") usual.interrupt();
    if (surge === undefined || !isHeard("traffic.surge")) return;
    publish({ name: "traffic.surge", time: new Date(now()), surge: surgeOf(surge, window, usual) });
  };
  const end = subscribe("client.resolved", (event) => {
    window.add(event);
    const time = now();
    const client = event.resolution.client?.address;
    tell(detector.count(time, client !== undefined));
    if (client !== undefined && !detector.isSurge) usual.add(client, time);
  });
  // A surge also ends when requests stop.
  const timer = setInterval(() => tell(detector.advance(now())), stepMs).unref();
  return {
    report: (top) => window.report(top),
    baselinePerSecond: () => detector.baselinePerSecond,
    close: () => {
      end();
      clearInterval(timer);
    },
  };
}

/** What each contributor asked at least. */
function surgeOf({ start, end, ...counted }: CountedSurge, window: TrafficWindow, usual: UsualSources): Surge {
  const report = window.report(EVENT_TOP);
  const all = window.report(Infinity);
  const counts = new Map(
    [...all.top.address, ...all.top.prefix, ...all.top.link].map(({ name, requests, error }) => [
      name,
      requests - error,
    ]),
  );
  // Of the time that the surge takes of the window: its own rate, not that of the quiet before it.
  const seconds = Math.max(1, Math.min(all.to.getTime() - start, all.to.getTime() - all.from.getTime()) / 1000);
  const perSecond = (prefix: string): number => (counts.get(prefix.replace(/\/32$/, "")) ?? 0) / seconds;
  const top = EVENT_DIMENSIONS.flatMap((dimension) => {
    const listed = report.top[dimension].map(({ name, requests, error }) => ({ name, requests: requests - error }));
    return listed.length === 0 ? [] : [[dimension, listed] as const];
  });
  return {
    ...counted,
    start: new Date(start),
    ...(end === undefined ? {} : { end: new Date(end) }),
    clients: report.clients,
    top: Object.fromEntries(top),
    block: usual.risen(report.block, perSecond),
  };
}
