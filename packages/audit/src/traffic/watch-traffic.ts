import { isHeard, publish, subscribe } from "../audit-event.ts";
import type { Surge, SurgeDimension } from "../surge.ts";
import { type CountedSurge, STEP_MS, SurgeDetector, type SurgeDetectorOptions } from "./surge-detector.ts";
import { type TrafficReport, TrafficWindow, type TrafficWindowOptions } from "./traffic-window.ts";

export interface TrafficWatchOptions extends TrafficWindowOptions, SurgeDetectorOptions {}

export interface TrafficWatch {
  /** Of the last minute (or `windowMs`). */
  readonly report: (top?: number) => TrafficReport;
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
  const { now = Date.now, stepMs = STEP_MS } = options;
  const window = new TrafficWindow(options);
  const detector = new SurgeDetector(options);
  const tell = (surge: CountedSurge | undefined): void => {
    if (surge === undefined || !isHeard("traffic.surge")) return;
    publish({ name: "traffic.surge", time: new Date(now()), surge: surgeOf(surge, window.report(EVENT_TOP)) });
  };
  const end = subscribe("client.resolved", (event) => {
    window.add(event);
    tell(detector.count(now(), event.resolution.client !== undefined));
  });
  // A surge is over also when nobody comes any more.
  const timer = setInterval(() => tell(detector.advance(now())), stepMs).unref();
  return {
    report: (top) => window.report(top),
    close: () => {
      end();
      clearInterval(timer);
    },
  };
}

/** What each contributor asked at least. */
function surgeOf({ start, end, ...counted }: CountedSurge, report: TrafficReport): Surge {
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
    block: report.block,
  };
}
