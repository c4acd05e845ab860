import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/express";
import express from "express";
import { TRUSTED } from "../harness/requests.mjs";

/** The framework's own way to trust proxies, which the adapter is compared to. */
export const SETTING = "its own trust proxy";

function app(prepare, answer) {
  const made = express();
  prepare(made);
  made.get("/", answer);
  return made;
}

const own = (made) => made.set("trust proxy", TRUSTED);
const ours = (made) => made.use(wherefrom(compilePolicy({ trust: TRUSTED, from: "x-forwarded-for" })));
const empty = (made) => made.set("trust proxy", TRUSTED).use((_request, _response, next) => next());
const withAddress = (request, response) => response.end(request.ip);
const without = (request, response) => response.end("hello");

export function apps() {
  return {
    "own, ip": app(own, withAddress),
    "own again, ip": app(own, withAddress),
    "wherefrom, ip": app(ours, withAddress),
    "empty middleware, hello": app(empty, without),
    "own, hello": app(own, without),
    "own again, hello": app(own, without),
    "wherefrom, hello": app(ours, without),
  };
}
