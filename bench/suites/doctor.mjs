// What the doctor's handler costs a request that is no probe: as a call, and for an application that never reads request.headers.
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { doctor } from "@wherefrom/doctor";
import { median, spread, timeInterleaved } from "../harness/interleaved.mjs";
import { compareCosts, costPerRequest } from "../harness/request-cost.mjs";
import { judge } from "../harness/row.mjs";

const TOKEN = "a token of the bench";
/** What a browser sends through a proxy. */
const LINES = [
  ["Host", "app.example"],
  ["Connection", "keep-alive"],
  [
    "User-Agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
  ],
  ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"],
  ["Accept-Language", "en-US,en;q=0.5"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Referer", "https://app.example/list?page=3"],
  ["Cookie", "session=0123456789abcdef; theme=dark"],
  ["Sec-Fetch-Dest", "document"],
  ["Sec-Fetch-Mode", "navigate"],
  ["Sec-Fetch-Site", "same-origin"],
  ["X-Forwarded-For", "81.2.69.142"],
  ["X-Forwarded-Proto", "https"],
  ["X-Request-Id", "0b6f5b8e-7f0f-4b2a-9f5e-0a4f8f0c2d11"],
];
/** Requests that the calls are made with in turn. */
const REQUESTS = 16;
/** A name that is as long as the probe's: the one case in which a name is compared. */
const ALIKE = ["X-Wherefrom-Other", "1"];

export async function measure() {
  return [...measureCalls(), ...(await measureRequests())];
}

/** As node:http makes them, with headers that were read already. */
function requestsOf(lines) {
  return Array.from({ length: REQUESTS }, (_, index) => {
    const request = new IncomingMessage(new Socket());
    request.url = `/list?page=${index}`;
    request.rawHeaders = lines.flat();
    for (const [name, value] of lines) request.headers[name.toLowerCase()] = value;
    return request;
  });
}

function measureCalls() {
  const response = { headersSent: false };
  const calls = { count: 0 };
  const next = () => void calls.count++;
  const silent = doctor({ token: TOKEN });
  const armed = doctor({ token: TOKEN, arm: "1h" });
  const empty = (request, _response, go) => go();
  const rows = [];
  for (const [title, lines] of [
    [`a request of ${LINES.length} lines`, LINES],
    ["a request of 100 lines", Array.from({ length: 100 }, (_, index) => LINES[index % LINES.length])],
    ["a request with a name as long as the probe's", [...LINES, ALIKE]],
  ]) {
    const requests = requestsOf(lines);
    const times = timeInterleaved(
      {
        empty: (request) => empty(request, response, next),
        "empty again": (request) => empty(request, response, next),
        silent: (request) => silent(request, response, next),
        armed: (request) => armed(request, response, next),
      },
      requests,
    );
    const added = (name) => times[name].map((time, round) => (time - times.empty[round]) / 1000);
    for (const name of ["silent", "armed"]) {
      rows.push(
        judge({
          case: title,
          subject: `microseconds a call, ${name}`,
          against: "an empty middleware",
          ratio: Math.max(0, median(added(name))),
          noise: Math.max(Math.abs(median(added("empty again"))), spread(added(name))),
          must: lines === LINES ? "<= 0.2 us" : undefined,
          detail: `${median(times[name]).toFixed(0)} ns against ${median(times.empty).toFixed(0)} ns`,
        }),
      );
    }
  }
  silent.close();
  armed.close();
  return rows;
}

async function measureRequests() {
  const samples = await costPerRequest(
    new URL("../served/doctor.mjs", import.meta.url),
    LINES.slice(2).map(([name, value]) => `${name}: ${value}`),
    { apart: ["plain", "plain again", "off", "silent", "armed"], sets: 4, rounds: 100 },
  );
  return ["off", "silent", "armed"].map((name) =>
    judge({
      case: "node:http: hello world that never reads request.headers",
      subject: `processor time a request with a doctor that is ${name}`,
      against: "the same without one",
      ...compareCosts(samples, name, "plain", "plain again"),
      must: "<= 1.02",
    }),
  );
}
