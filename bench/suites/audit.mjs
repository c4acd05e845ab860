// What an audit costs a request, and whether a flood of events holds up the event loop.
import { fork } from "node:child_process";
import { once } from "node:events";
import { median, spread } from "../harness/interleaved.mjs";
import { compareCosts, costPerRequest } from "../harness/request-cost.mjs";
import { judge } from "../harness/row.mjs";

/** Visitors of the load: more than a processor's caches like, and as many again as places are remembered of. */
const VISITORS = 64;
/** Requests of a slice: ten batches of lines, so that each slice has its share of what is done once a batch, and of the garbage collector's work. */
const SLICE = 2400;
const ROUNDS = 40;
/** Processes of each subject, one after the other. */
const SETS = 5;
/** Slices of the usual length: what is within a third of a hundredth takes as many. */
const SILENT_ROUNDS = 1200;
const FLOODS = 5;

const SUBJECTS = ["none", "none again", "current client", "JSON Lines", "JSON Lines, geo"];

const CASE = "request of node:http under a policy";
const AGAINST = "the same without an audit";

/** What an audit costs a request, and whether a flood of events holds the event loop. */
export async function measure() {
  const headers = Array.from({ length: VISITORS }, (_, index) => [
    `X-Forwarded-For: 81.2.${index}.142`,
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  ]);
  const apps = new URL("../served/audit.mjs", import.meta.url);
  // Without a subscriber nothing of the process is changed: one process has it and what it is compared to.
  const silent = await costPerRequest(apps, headers, { rounds: SILENT_ROUNDS });
  const samples = await costPerRequest(apps, headers, { apart: SUBJECTS, sets: SETS, slice: SLICE, rounds: ROUNDS });
  return [
    requestRow(silent, "no subscriber", "<= 1.01"),
    requestRow(samples, "current client"),
    ...lineRows(samples),
    ...(await floodRows()),
  ];
}

function requestRow(samples, subject, must) {
  return judge({
    case: CASE,
    subject,
    against: AGAINST,
    ...compareCosts(samples, subject, "none", "none again"),
    must,
  });
}

function lineRows(samples) {
  return [extraCost(samples, "JSON Lines"), extraCost(samples, "JSON Lines, geo", "<= 10 us")];
}

/** Processor time of all threads beyond the request's own, round by round. */
function extraCost(samples, subject, must) {
  const extra = samples[subject].map((cost, round) => cost - samples.none[round]);
  const twin = median(samples["none again"].map((cost, round) => cost - samples.none[round]));
  return judge({
    case: CASE,
    subject: `${subject}, microseconds more`,
    against: AGAINST,
    ratio: median(extra),
    noise: Math.max(Math.abs(twin), (1.25 * (spread(extra) / 0.675)) / Math.sqrt(extra.length)),
    must,
    detail: `${median(samples[subject]).toFixed(1)} us against ${median(samples.none).toFixed(1)} us; A/A ${twin.toFixed(2)} us`,
  });
}

/** Events at a rate, and the longest time for which the event loop did nothing else; each in a process of its own, with and without the audit. */
async function floodRows() {
  const run = async (subject) => {
    const child = fork(new URL("../served/event-flood.mjs", import.meta.url), [subject]);
    const [result] = await once(child, "message");
    return result;
  };
  const runs = [];
  for (let round = 0; round < FLOODS; round++) runs.push({ none: await run("none"), audited: await run("audit") });
  const longest = (subject) => runs.map((each) => each[subject].longestMs);
  const costs = runs.map(({ none, audited }) => audited.microseconds - none.microseconds);
  const halfRange = (values) => (Math.max(...values) - Math.min(...values)) / 2;
  const [{ audited }] = runs;
  const title = `${audited.wanted} events a second into the queue`;
  return [
    judge({
      case: title,
      subject: `longest turn of the event loop, ms, median of ${FLOODS} runs`,
      against: "10 ms",
      ratio: median(longest("audited")),
      noise: halfRange(longest("audited")),
      must: "<= 10 ms",
      detail: `${longest("audited").map(text).join(", ")} ms, without the audit ${longest("none").map(text).join(", ")}; ${audited.longTurns} of ${audited.turns} turns were longer than 1 ms`,
    }),
    judge({
      case: title,
      subject: "processor time an event, us",
      against: AGAINST,
      ratio: median(costs),
      noise: halfRange(costs),
      must: "<= 10 us",
      detail: `${audited.told} events were told in ${audited.seconds} seconds, ${audited.written} lines written, ${audited.lost} lost`,
    }),
  ];
}

function text(value) {
  return value.toFixed(1);
}
