import { callback, checkOptions, type Shapes } from "@wherefrom/core/internal";
import { warnProcess } from "@wherefrom/net/internal";
import { SHARED_SHAPES, type SharedSurgeOptions, SharedSurges } from "./shared-surges.ts";
import type { SurgePart } from "./surge-part.ts";
import { isHeard, publish, subscribe } from "../event/event.ts";
import type { SurgeDimension } from "../event/surge.ts";
import {
  type CountedSurge,
  STEP_MS,
  SURGE_SHAPES,
  SurgeDetector,
  type SurgeDetectorOptions,
} from "./surge-detector.ts";
import { UsualSources } from "./usual-sources.ts";
import { type TrafficReport, TrafficWindow, type TrafficWindowOptions, WINDOW_SHAPES } from "./traffic-window.ts";

/** Options of the window, of what is a surge, and of the Redis in which replicas count together. */
export interface TrafficWatchOptions extends TrafficWindowOptions, SurgeDetectorOptions, SharedSurgeOptions {
  /** Is told that Redis does not answer, and that it answers again. Default: a process warning. */
  readonly onTrouble?: ((trouble: string) => void) | undefined;
}

const SHAPES: Shapes<TrafficWatchOptions> = {
  ...WINDOW_SHAPES,
  ...SURGE_SHAPES,
  ...SHARED_SHAPES,
  onTrouble: callback,
};

/** A window that every request of the process is counted in. */
export interface TrafficWatch {
  /** Of the last minute (or `windowMs`). */
  readonly report: (top?: number) => TrafficReport;
  /** Requests a second that are usual, to be the option of that name of the next process; undefined until something is. With Redis: all replicas'. */
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
  checkOptions<TrafficWatchOptions>("watchTraffic", options, SHAPES);
  const {
    now = Date.now,
    factor,
    leastPerSecond,
    stepMs = STEP_MS,
    baselinePerSecond,
    adoptAfterMs,
    redis,
    keyPrefix,
    exchangeMs,
    timeoutMs,
    onTrouble = (trouble) => warnProcess(trouble, "WHEREFROM_TRAFFIC_STATE"),
    ...rest
  } = options;
  const window = new TrafficWindow({ now, ...rest });
  const ofSurge = { factor, leastPerSecond, stepMs, adoptAfterMs };
  const usual = new UsualSources(stepMs);
  const part = (): SurgePart => partOf(window, usual, now());
  const publishSurge = ({ start, end, ...counted }: CountedSurge, whose: SurgePart): void => {
    if (!isHeard("traffic.surge")) return;
    const surge = {
      ...counted,
      start: new Date(start),
      ...(end === undefined ? {} : { end: new Date(end) }),
      ...whose,
    };
    publish({ name: "traffic.surge", time: new Date(now()), surge });
  };
  // With Redis what is usual of this process alone is nothing that an operator knows.
  const detector = new SurgeDetector({
    ...ofSurge,
    baselinePerSecond: redis === undefined ? baselinePerSecond : undefined,
  });
  /** The surge of this process alone that was told last. */
  let told: string | undefined;
  const shared =
    redis === undefined
      ? undefined
      : new SharedSurges(
          redis,
          { keyPrefix, exchangeMs, timeoutMs },
          { ...ofSurge, baselinePerSecond },
          {
            part,
            tell: publishSurge,
            begun: () => usual.begin(now()),
            trouble: (trouble) => {
              onTrouble(trouble);
              if (isHeard("config.warning")) {
                const warning = { code: "traffic-state-local", detail: trouble } as const;
                publish({ name: "config.warning", time: new Date(now()), warning });
              }
              // What is on here was the surge of all replicas.
              if (shared?.isShared === false && detector.surge !== undefined)
                tell({ ...detector.surge, change: "begun" });
            },
            now,
          },
        );
  const tell = (surge: CountedSurge | undefined): void => {
    if (surge?.change === "begun") usual.begin(now());
    // Those of all replicas are told by one of them.
    if (surge === undefined || (shared?.isShared === true && told !== surge.id)) return;
    told = surge.id;
    publishSurge(surge, part());
  };
  const end = subscribe("client.resolved", (event) => {
    window.add(event);
    const time = now();
    const client = event.resolution.client?.address;
    tell(detector.count(time, client !== undefined));
    shared?.count(client !== undefined);
    if (client !== undefined) usual.add(client, time, detector.isSurge || shared?.isSurge === true);
  });
  // A surge also ends when requests stop.
  const timer = setInterval(() => tell(detector.advance(now())), stepMs).unref();
  return {
    report: (top) => window.report(top),
    baselinePerSecond: () => shared?.baselinePerSecond ?? detector.baselinePerSecond,
    close: () => {
      end();
      shared?.close();
      clearInterval(timer);
    },
  };
}

/** Who asks. What each contributor asked at least. */
function partOf(window: TrafficWindow, usual: UsualSources, time: number): SurgePart {
  const { clients, top: listed, block } = window.report(EVENT_TOP);
  const top = EVENT_DIMENSIONS.flatMap((dimension) => {
    const contributors = listed[dimension].map(({ name, requests, error }) => ({ name, requests: requests - error }));
    return contributors.length === 0 ? [] : [[dimension, contributors] as const];
  });
  return { clients, top: Object.fromEntries(top), block: usual.risen(block, time) };
}
