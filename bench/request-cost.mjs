import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { quantile, shuffled } from "./interleaved.mjs";

/** Keep-alive connections, and requests in flight on each: the server is never idle, so that its processor time is the requests'. */
const CONNECTIONS = 4;
const PIPELINED = 8;
/** Requests of one timed slice: long against the resolution of cpuUsage, short against what else the machine does. */
const SLICE = 1000;
const WARM_UP = 10_000;
const ROUNDS = 61;

/**
 * Processor time a request of several apps in one process, which share the compiler's heat and the machine's moods: slices in random order,
 * round after round. `apps` is the URL of a module that exports `apps()`: listeners by name. Returns microseconds a request by round, for each name.
 */
export async function costPerRequest(apps, headers, rounds = ROUNDS) {
  const server = fork(new URL("served-apps.mjs", import.meta.url), [apps.href], { execArgv: [] });
  const ports = await message(server);
  const request = Buffer.from(
    `GET / HTTP/1.1\r\nHost: example.com\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`,
  );
  const usage = async () => {
    const answer = message(server);
    server.send("usage");
    const { user, system } = await answer;
    return user + system;
  };
  const samples = Object.fromEntries(Object.keys(ports).map((name) => [name, []]));
  for (const port of Object.values(ports)) await load(port, request, WARM_UP);
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(Object.keys(ports))) {
      const before = await usage();
      await load(ports[name], request, SLICE);
      samples[name].push(((await usage()) - before) / SLICE);
    }
  }
  server.disconnect();
  return samples;
}

/**
 * Ratio of two apps by the quick fifth of their slices: what disturbs a slice only ever adds to it. The noise is what the same figure says of one app against
 * its twin, or against itself by halves of the rounds, whichever is larger.
 */
export function compareCosts(samples, subject, against, control) {
  const quick = (values) => quantile(values, 0.2);
  const halves = (values) => [values.filter((_, round) => round % 2 === 0), values.filter((_, round) => round % 2 === 1)];
  const [even, odd] = halves(samples[against]);
  const twin = quick(samples[control]) / quick(samples[against]);
  return {
    ratio: quick(samples[subject]) / quick(samples[against]),
    noise: Math.max(Math.abs(twin - 1), Math.abs(quick(even) / quick(odd) - 1)),
    detail: `${quick(samples[subject]).toFixed(2)} us against ${quick(samples[against]).toFixed(2)} us; A/A ${twin.toFixed(3)}`,
  };
}

async function message(child) {
  const [answer] = await once(child, "message");
  return answer;
}

/** Sends `count` requests and waits for as many answers. */
async function load(port, request, count) {
  await Promise.all(Array.from({ length: CONNECTIONS }, () => ask(port, request, count / CONNECTIONS)));
}

function ask(port, request, count) {
  return new Promise((done, failed) => {
    let sent = 0;
    let answered = 0;
    const socket = connect(port, "127.0.0.1", () => {
      for (; sent < PIPELINED; sent++) socket.write(request);
    });
    socket.on("error", failed);
    socket.on("data", (chunk) => {
      let from = 0;
      while ((from = chunk.indexOf("HTTP/1.1 200", from)) >= 0) {
        from += 12;
        answered++;
        if (sent < count) {
          socket.write(request);
          sent++;
        }
      }
      if (answered >= count) socket.end(done);
    });
  });
}
