import { fork } from "node:child_process";
import { once } from "node:events";
import { median, spread } from "./interleaved.mjs";
import { compareCosts, costPerRequest } from "./request-cost.mjs";
import { judge } from "./row.mjs";

/** Visitors of the load: more than a processor's caches like, and as many again as places are remembered of. */
const VISITORS = 64;

/** What an audit costs a request, and whether a flood of events holds the event loop. */
export async function measure() {
  const headers = Array.from({ length: VISITORS }, (_, index) => [
    `X-Forwarded-For: 81.2.${index}.142`,
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  ]);
  const measureApps = (name) => costPerRequest(new URL(`audit-apps.mjs?${name}`, import.meta.url), headers);
  return [...silentRows(await measureApps("silent")), ...lineRows(await measureApps("lines")), ...(await floodRows())];
}

function silentRows(samples) {
  const row = (subject, must) =>
    judge({
      case: "request of node:http under a policy",
      subject,
      against: "the same without an audit",
      ...compareCosts(samples, subject, "none", "none again"),
      must,
    });
  return [row("no subscriber", "<= 1.01"), row("current client")];
}

function lineRows(samples) {
  return [extraCost(samples, "JSON Lines"), extraCost(samples, "JSON Lines, geo", "<= 10 us")];
}

/** Processor time of all threads beyond the request's own, round by round. */
function extraCost(samples, subject, must) {
  const extra = samples[subject].map((cost, round) => cost - samples.none[round]);
  const twin = median(samples["none again"].map((cost, round) => cost - samples.none[round]));
  return judge({
    case: "request of node:http under a policy",
    subject: `${subject}, microseconds more`,
    against: "the same without an audit",
    ratio: median(extra),
    noise: Math.max(Math.abs(twin), (1.25 * (spread(extra) / 0.675)) / Math.sqrt(extra.length)),
    must,
    detail: `${median(samples[subject]).toFixed(1)} us against ${median(samples.none).toFixed(1)} us; A/A ${twin.toFixed(2)} us`,
  });
}

/** Events at a rate, and the longest time for which the event loop did nothing else; each in a process of its own, with and without the audit. */
async function floodRows() {
  const run = async (subject) => {
    const child = fork(new URL("event-flood.mjs", import.meta.url), [subject]);
    const [result] = await once(child, "message");
    return result;
  };
  const [none, audited] = [await run("none"), await run("audit")];
  const title = `${audited.wanted} events a second into the queue`;
  return [
    judge({
      case: title,
      subject: "longest turn of the event loop, ms of processor time",
      against: "10 ms",
      ratio: audited.longestMs,
      noise: none.longestMs,
      must: "<= 10 ms",
      detail: `99.9 % below ${audited.mostMs.toFixed(2)} ms; without the audit the longest is ${none.longestMs.toFixed(1)} ms`,
    }),
    judge({
      case: title,
      subject: "processor time an event, us",
      against: "one processor",
      ratio: audited.microseconds,
      noise: none.microseconds,
      must: "<= 10 us",
      detail: `${audited.told} events were told in ${audited.seconds} seconds, ${audited.written} lines written, ${audited.lost} lost`,
    }),
  ];
}
