import { createServer } from "node:http";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom as expressWherefrom } from "@wherefrom/express";
import { getClientIp, wherefrom } from "@wherefrom/net";
import { followPolicy } from "@wherefrom/sources";
import express from "express";
import { TRUSTED } from "../harness/requests.mjs";

const FIXED = compilePolicy({ trust: TRUSTED, from: "x-forwarded-for" });
const SOURCE = followPolicy({ lists: {}, policy: () => ({ trust: TRUSTED, from: "x-forwarded-for" }) });
await SOURCE.ready;

const plain = (policy) =>
  wherefrom(
    createServer((request, response) => response.end(getClientIp(request))),
    policy,
  );

function framework(policy) {
  const app = express();
  app.use(expressWherefrom(policy));
  app.get("/", (request, response) => void response.send(request.ip));
  return app;
}

const APPS = {
  "node:http, fixed": () => plain(FIXED),
  "node:http, fixed again": () => plain(FIXED),
  "node:http, source": () => plain(SOURCE),
  "express, fixed": () => framework(FIXED),
  "express, fixed again": () => framework(FIXED),
  "express, source": () => framework(SOURCE),
};

/** The one that is asked for, in a process of its own: a source that is followed is followed for the whole process. */
export function apps(only) {
  return { [only]: APPS[only]() };
}
