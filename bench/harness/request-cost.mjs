import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { median, pairedRatios, shuffled, spread } from "./interleaved.mjs";
import { judge, versionOf } from "./row.mjs";

/** Keep-alive connections, and requests in flight on each: the server is never idle, so that its processor time is the requests'. */
const CONNECTIONS = 4;
const PIPELINED = 8;
/** Connections at a time where each has one request. */
const SHORT_CONNECTIONS = 32;
/** Requests of one timed slice: long against the resolution of cpuUsage, short against what else the machine does. */
const SLICE = 240;
const WARM_UP = 10_000;
const ROUNDS = 400;

/**
 * Processor time a request of several apps: slices in random order, round after round. `apps` is the URL of a module that exports `apps()`: listeners or servers by name. They share a
 * process, the compiler's heat and the machine's moods; those that `apart` names have one each, as services have, `sets` times anew, because processes that do the same differ by a
 * hundredth. `send` brings `slice` requests at a time, with `preface` at the beginning of each connection. `headers` are lines, or lists of lines for requests in turn.
 * Returns microseconds a request by round, for each name.
 */
export async function costPerRequest(apps, headers, { apart, sets = 1, ...options } = {}) {
  const samples = {};
  for (let set = 0; set < sets; set++) {
    const subjects = Object.assign({}, ...(await Promise.all((apart ?? [undefined]).map((name) => serve(apps, name)))));
    const more = await costInRounds(subjects, headers, options);
    for (const [name, costs] of Object.entries(more)) (samples[name] ??= []).push(...costs);
  }
  return samples;
}

async function costInRounds(
  subjects,
  headers,
  { rounds = ROUNDS, slice = SLICE, warmUp = WARM_UP, send = load, preface = "" },
) {
  const requestOf = (lines) =>
    Buffer.from(`GET / HTTP/1.1\r\nHost: example.com\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`);
  const request = Array.isArray(headers[0]) ? headers.map(requestOf) : requestOf(headers);
  const samples = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  const sleep = stayAwake();
  for (const [name, { port }] of Object.entries(subjects)) await send(port, request, warmUp, prefaceOf(preface, name));
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(Object.keys(subjects))) {
      const { port, server } = subjects[name];
      // What an app does when it is changed to is no request's cost.
      await send(port, request, CONNECTIONS, prefaceOf(preface, name));
      const before = await usage(server);
      await send(port, request, slice, prefaceOf(preface, name));
      samples[name].push(((await usage(server)) - before) / slice);
    }
  }
  sleep();
  for (const { server } of Object.values(subjects)) if (server.connected) server.disconnect();
  return samples;
}

/** The module's apps, or the one of this name, in a new process. */
async function serve(module, name) {
  const server = fork(
    new URL("../served/process.mjs", import.meta.url),
    name === undefined ? [module.href] : [module.href, name],
    { execArgv: [] },
  );
  const ports = await message(server);
  return Object.fromEntries(Object.entries(ports).map(([each, port]) => [each, { server, port }]));
}

async function usage(server) {
  const answer = message(server);
  server.send("usage");
  const { user, system } = await answer;
  return user + system;
}

/**
 * Keeps this process from waiting for the server's answers: to wake it would be the server's work, the more often the slower the server is (measured: 2 us of a request that takes 8 more).
 * The answer ends it.
 */
function stayAwake() {
  let isAwake = true;
  const turn = () => {
    if (isAwake) setImmediate(turn);
  };
  turn();
  return () => {
    isAwake = false;
  };
}

/**
 * The rows of one adapter: hello world that reads the address, which is what a trust setting is for, and hello world that does not.
 * `served/<short>.mjs` exports `apps()`, by the names that are used here, and `SETTING`, what the framework itself does without the adapter.
 */
export async function compareAdapter({ short, name, framework }) {
  const module = new URL(`../served/${short}.mjs`, import.meta.url);
  const { SETTING } = await import(module);
  const headers = ["X-Forwarded-For: 81.2.69.142", "X-Forwarded-Proto: https"];
  const samples = await costPerRequest(module, headers);
  const row = (title, handler, app, must) =>
    judge({
      case: `${framework}: ${title}`,
      subject: app === "wherefrom" ? `processor time a request with ${name}` : `the same with an ${app}`,
      against: `${versionOf(framework)} with ${SETTING}`,
      ...compareCosts(samples, `${app}, ${handler}`, `own, ${handler}`, `own again, ${handler}`),
      must,
    });
  return [
    row("hello world that reads the address", "ip", "wherefrom", "<= 1.02"),
    row("hello world that does not", "hello", "wherefrom", "<= 1.02"),
    ...("empty middleware, hello" in samples ? [row("hello world that does not", "hello", "empty middleware")] : []),
  ];
}

/**
 * Ratio of two apps, round by round, so that what drifts cancels out. The noise is what the same figure says of one app against its twin, or the
 * standard error of the median (1.25 s / sqrt(n), s from the quartiles), whichever is larger.
 */
export function compareCosts(samples, subject, against, control) {
  const ratios = pairedRatios(samples[subject], samples[against]);
  const twin = median(pairedRatios(samples[control], samples[against]));
  const standardError = (1.25 * (spread(ratios) / 0.675)) / Math.sqrt(ratios.length);
  return {
    ratio: median(ratios),
    noise: Math.max(Math.abs(twin - 1), standardError),
    detail: `${median(samples[subject]).toFixed(2)} us against ${median(samples[against]).toFixed(2)} us; A/A ${twin.toFixed(3)}`,
  };
}

/** Bytes that a connection begins with: the same for all apps, or by the app's name. */
function prefaceOf(preface, name) {
  return typeof preface === "function" ? preface(name) : preface;
}

async function message(child) {
  const [answer] = await once(child, "message");
  return answer;
}

/** Sends `count` requests and waits for as many answers. */
async function load(port, request, count, preface) {
  await Promise.all(Array.from({ length: CONNECTIONS }, () => ask(port, request, count / CONNECTIONS, preface)));
}

/** The same with a connection for each request; so many at a time that the server's answers find their readers awake. */
export async function loadShort(port, request, count, preface) {
  const text = Buffer.concat([Buffer.from(preface), request]);
  let left = count;
  await Promise.all(
    Array.from({ length: SHORT_CONNECTIONS }, async () => {
      while (left-- > 0) await askOnce(port, text);
    }),
  );
}

function askOnce(port, text) {
  return new Promise((done, failed) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket
      .on("error", failed)
      .on("data", () => socket.destroy())
      .on("close", done);
  });
}

function ask(port, request, count, preface) {
  return new Promise((done, failed) => {
    let sent = 0;
    let answered = 0;
    const socket = connect(port, "127.0.0.1", () => {
      if (preface.length > 0) socket.write(preface);
      for (; sent < PIPELINED; sent++) socket.write(next(request, sent));
    });
    socket.on("error", failed);
    socket.on("data", (chunk) => {
      let from = 0;
      while ((from = chunk.indexOf("HTTP/1.1 200", from)) >= 0) {
        from += 12;
        answered++;
        if (sent < count) {
          socket.write(next(request, sent));
          sent++;
        }
      }
      if (answered >= count) socket.end(done);
    });
  });
}

function next(request, index) {
  return Array.isArray(request) ? request[index % request.length] : request;
}
