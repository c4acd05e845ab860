// What the adapter costs a whole request: processor time of the same app with Express's own `trust proxy`, and with @wherefrom/express.
import { compareCosts, costPerRequest } from "./request-cost.mjs";
import { judge, versionOf } from "./row.mjs";

export async function measure() {
  const samples = await costPerRequest(new URL("express-apps.mjs", import.meta.url), [
    "X-Forwarded-For: 81.2.69.142",
    "X-Forwarded-Proto: https",
  ]);
  const against = `${versionOf("express")} with its own trust proxy`;
  const compare = (app, handler) =>
    compareCosts(samples, `${app}, ${handler}`, `own, ${handler}`, `own again, ${handler}`);
  const subject = "processor time a request with @wherefrom/express";
  return [
    judge({
      case: "hello world that reads req.ip",
      subject,
      against,
      ...compare("wherefrom", "req.ip"),
      must: "<= 1.02",
    }),
    judge({ case: "hello world that does not", subject, against, ...compare("wherefrom", "hello"), must: "<= 1.02" }),
    judge({
      case: "hello world that does not",
      subject: "the same with an empty middleware",
      against,
      ...compare("empty middleware", "hello"),
    }),
  ];
}
