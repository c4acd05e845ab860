import { compilePolicy, type Resolution, resolve } from "@wherefrom/core";
import { expect, onTestFinished, test } from "vitest";
import { publish, subscribe, type SurgeEvent } from "../event/event.ts";
import { watchTraffic } from "./watch-traffic.ts";

const open = compilePolicy({ trust: [] });

const direct = (peer: string): Resolution =>
  resolve({ connection: { transport: "tcp", peer, peerPort: 1, claims: [] } }, open);

test("a surge is published with its contributors and what to block", () => {
  let time = 1_000_000_000_000;
  const heard: SurgeEvent[] = [];
  onTestFinished(subscribe("traffic.surge", (event) => heard.push(event)));
  const watch = watchTraffic({ now: () => time });
  onTestFinished(watch.close);
  const ask = (address: string): void =>
    publish({
      name: "client.resolved",
      time: new Date(time),
      resolution: direct(address),
      transport: "tcp",
      request: { path: "/" },
    });
  for (let second = 0; second < 70; second++, time += 1000) for (let n = 0; n < 10; n++) ask(`198.51.100.${n}`);
  for (let n = 0; n < 3000; n++) ask("203.0.113.7");
  time += 10_000;
  ask("198.51.100.1");
  time += 10_000;
  ask("198.51.100.1");
  expect(heard.map(({ surge: { end } }) => end !== undefined)).toEqual([false, true]);
  const [begun, over] = heard.map(({ surge }) => surge);
  expect(begun).toMatchObject({
    proven: 500,
    requests: 500,
    top: { path: [{ name: "/" }] },
  });
  expect(begun?.top.address?.[0]).toEqual({ name: "203.0.113.7", requests: 500 });
  expect(begun?.block[0]).toBe("203.0.113.7/32");
  expect(over).toMatchObject({ id: begun?.id, requests: 3001, baselinePerSecond: 10, peakPerSecond: 3000 });
  expect(watch.report().requests).toBeGreaterThan(3000);
});
